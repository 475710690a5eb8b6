"""Which of our teams answers what CLINC150 calls an intent.

The names of the intents and the domains that they belong to are facts of that data set (Larson et al. 2019, "An
Evaluation Dataset for Intent Classification and Out-of-Scope Prediction"); which domain is the work of which team is
ours. The other intents of the full data set belong to domains for which this firm has no team.
"""

from pilotage.examples.tickets.contracts import Team

_INTENTS = {
    Team.BANKING: """
        freeze_account routing pin_change bill_due pay_bill account_blocked interest_rate min_payment
        bill_balance transfer order_checks balance spending_history transactions report_fraud
    """,
    Team.CARDS: """
        replacement_card_duration expiration_date damaged_card improve_credit_score report_lost_card
        card_declined credit_limit_change apr redeem_rewards credit_limit rewards_balance application_status
        credit_score new_card international_fees
    """,
    Team.KITCHEN: """
        food_last confirm_reservation how_busy ingredients_list calories nutrition_info recipe
        restaurant_reviews restaurant_reservation meal_suggestion restaurant_suggestion cancel_reservation
        ingredient_substitution cook_time accept_reservations
    """,
    Team.HOME: """
        what_song play_music todo_list_update reminder reminder_update calendar_update order_status
        update_playlist shopping_list calendar next_song order todo_list shopping_list_update smart_home
    """,
    Team.WORK: """
        pto_request_status next_holiday insurance_change insurance meeting_schedule payday taxes income
        rollover_401k pto_balance pto_request w2 schedule_meeting direct_deposit pto_used
    """,
    Team.FRONT_DESK: """
        who_made_you meaning_of_life who_do_you_work_for do_you_have_pets what_are_your_hobbies fun_fact
        what_is_your_name where_are_you_from goodbye thank_you greeting tell_joke are_you_a_bot how_old_are_you
        what_can_i_ask_you
    """,
    Team.DEVICES: """
        change_speed user_name whisper_mode yes change_volume no change_language repeat change_accent cancel
        sync_device change_user_name change_ai_name reset_settings maybe
    """,
}

TEAM_OF_INTENT = {intent: team for team, intents in _INTENTS.items() for intent in intents.split()}
OUT_OF_SCOPE = "oos"
