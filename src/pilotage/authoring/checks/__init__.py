"""What can be wrong with an automation: a file for each family, a function for each question, a line for each below."""

from typing import Final

from pilotage.authoring.checks import approving, asking, choosing, giving, inputs, naming, placing
from pilotage.authoring.checks.subject import Check

DEFINITION_CHECKS: Final[tuple[Check, ...]] = (
    naming.the_name_is_one,
    naming.the_purpose_is_said,
    naming.the_deputy_is_another,
    naming.the_time_zone_exists,
    naming.every_connection_is_declared_once,
    naming.every_source_has_its_name,
    giving.every_declaration_is_right,
    giving.every_type_is_a_contract,
    placing.everything_is_a_step,
    placing.no_step_stands_twice,
    placing.every_name_is_one_step,
    placing.every_step_can_be_reached,
    choosing.every_choice_has_labels,
    choosing.every_label_has_its_path,
    choosing.every_path_has_a_label,
    choosing.no_label_stands_twice,
    inputs.every_input_is_given,
    inputs.every_scope_can_be_read,
    inputs.no_input_is_given_twice,
    approving.nothing_is_revised_after_its_approval,
    asking.every_model_is_asked_through_what_is_named,
    giving.a_path_ends_with_what_it_gives,
)
