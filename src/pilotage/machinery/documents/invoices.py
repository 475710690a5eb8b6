"""Factur-X and ZUGFeRD: the invoice as XML inside of a PDF, or alone. Runs in the process that reads."""

from importlib import import_module
from io import BytesIO
from typing import Any, Final

from pilotage.machinery.documents.texts import kind_of
from pilotage.machinery.documents.values import Bounds, Unreadable

_NAMES: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
_MOST: Final = 8 << 20
_NS: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
_SUMS: Final = ".//ram:SpecifiedTradeSettlementHeaderMonetarySummation/"
_PARTY: Final = ".//ram:ApplicableHeaderTradeAgreement/ram:{}TradeParty/"
_PATHS: Final = {
    "number": "rsm:ExchangedDocument/ram:ID",
    "date": "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
    "seller": _PARTY.format("Seller") + "ram:Name",
    "seller_vat": _PARTY.format("Seller") + "ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']",
    "buyer": _PARTY.format("Buyer") + "ram:Name",
    "currency": ".//ram:ApplicableHeaderTradeSettlement/ram:InvoiceCurrencyCode",
    "net": _SUMS + "ram:TaxBasisTotalAmount",
    "tax": _SUMS + "ram:TaxTotalAmount",
    "total": _SUMS + "ram:GrandTotalAmount",
    "to_pay": _SUMS + "ram:DuePayableAmount",
    "due": ".//ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString",
    "iban": ".//ram:PayeePartyCreditorFinancialAccount/ram:IBANID",
}
_DAYS: Final = {"date", "due"}


def factur_x(data: bytes, name: str, media_type: str, bounds: Bounds) -> dict[str, str] | None:
    """The fields of the invoice that a machine wrote into the document; None where there is none. Raises Unreadable."""
    xml = _xml_of(data, kind_of(data, name, media_type), bounds)
    if xml is None:
        return None
    root = _parsed(xml)
    if root.tag != f"{{{_NS['rsm']}}}CrossIndustryInvoice":
        return None
    found = {field: _text(root, path) for field, path in _PATHS.items()}
    days = {field: _day(found[field]) for field in _DAYS if found[field]}
    return {field: text for field, text in {**found, **days}.items() if text}


def _xml_of(data: bytes, kind: str, bounds: Bounds) -> bytes | None:
    if kind in {"application/xml", "text/xml"}:
        return data[: _MOST + 1]
    if kind != "application/pdf":
        return None
    from pypdf import PdfReader  # noqa: PLC0415 - for the documents that need it

    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("it is protected by a password")
    del bounds
    for attached in reader.attachment_list:
        if attached.name.lower() in _NAMES:
            return bytes(attached.content)
    return None


def _parsed(xml: bytes) -> Any:
    etree: Any = import_module("lxml.etree")
    if len(xml) > _MOST:
        raise Unreadable(f"its XML has more than {_MOST:,} bytes")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"its XML is damaged: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable("its XML has a document type of its own, which an invoice never has")
    return root


def _text(root: Any, path: str) -> str:
    found = root.find(path, _NS)
    return "" if found is None or not found.text else str(found.text).strip()


def _day(text: str) -> str:
    digits = text[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 and digits.isdigit() else text
