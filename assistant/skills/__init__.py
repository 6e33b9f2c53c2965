"""The skills that are wired, in the order in which help names them."""

from assistant.skill import Skill
from assistant.skills.cancellation import CANCELLATION_ELIGIBILITY, QUANTITY_REDUCTION
from assistant.skills.duplicates import CANCEL_DUPLICATE, REDUCE_DUPLICATE
from assistant.skills.migration import MIGRATION_ELIGIBILITY
from assistant.skills.orders import ORDER_PROMOTION
from assistant.skills.partner_of_record import VALIDATE_PARTNER_OF_RECORD
from assistant.skills.prices import PRICE_LOOKUP
from assistant.skills.promotions import FIND_OUT_WHY, PROMOTION_ALTERNATIVES, PROMOTION_ELIGIBILITY
from assistant.skills.reports import REPORTS
from assistant.skills.subscriptions import SUBSCRIPTION_DETAILS, SUBSCRIPTION_LIST
from assistant.skills.transitions import TRANSITION_ELIGIBILITY, TRANSITION_STATUS

SKILLS: dict[str, Skill] = {
    skill.key: skill
    for skill in (
        PRICE_LOOKUP,
        PROMOTION_ELIGIBILITY,
        PROMOTION_ALTERNATIVES,
        FIND_OUT_WHY,
        ORDER_PROMOTION,
        MIGRATION_ELIGIBILITY,
        TRANSITION_ELIGIBILITY,
        TRANSITION_STATUS,
        SUBSCRIPTION_LIST,
        SUBSCRIPTION_DETAILS,
        CANCELLATION_ELIGIBILITY,
        QUANTITY_REDUCTION,
        VALIDATE_PARTNER_OF_RECORD,
        *REPORTS,
        CANCEL_DUPLICATE,
        REDUCE_DUPLICATE,
    )
}
