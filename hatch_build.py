"""The build hook: front-end files go into the wheel, or the build says what is missing and goes on."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEndFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Runs the same step as `./dev` before a wheel is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Fill the static folder; an editable install is left to `./dev`."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root) / "tools"))
        import assets  # noqa: PLC0415 (beside the checkout, not installed)

        missing = assets.for_wheel(Path(self.root))
        if missing:
            self.app.display_warning(f"The pages will do without script and icons: {missing}")
