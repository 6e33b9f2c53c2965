"""Every report, in the order of the menu."""

from downloads.report import Report
from downloads.reports.est import ExtendedServiceTerm
from downloads.reports.targeted_offers import TargetedPromotions
from downloads.reports.upsell import CopilotRecommendations

REPORTS: dict[str, type[Report]] = {
    report.key: report for report in (ExtendedServiceTerm, CopilotRecommendations, TargetedPromotions)
}
