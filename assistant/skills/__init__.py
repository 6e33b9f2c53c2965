"""The skills that are wired, in the order in which help names them."""

from assistant.skill import Skill
from assistant.skills.migration import MIGRATION_ELIGIBILITY
from assistant.skills.partner_of_record import VALIDATE_PARTNER_OF_RECORD
from assistant.skills.prices import PRICE_LOOKUP
from assistant.skills.promotions import FIND_OUT_WHY, PROMOTION_ALTERNATIVES, PROMOTION_ELIGIBILITY
from assistant.skills.reports import EST_REPORT
from assistant.skills.subscriptions import SUBSCRIPTION_LIST

SKILLS: dict[str, Skill] = {
    skill.key: skill
    for skill in (
        PRICE_LOOKUP,
        PROMOTION_ELIGIBILITY,
        PROMOTION_ALTERNATIVES,
        FIND_OUT_WHY,
        MIGRATION_ELIGIBILITY,
        SUBSCRIPTION_LIST,
        VALIDATE_PARTNER_OF_RECORD,
        EST_REPORT,
    )
}
