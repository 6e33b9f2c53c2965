"""Company names and domains by the thousand, many of them alike."""

from __future__ import annotations

import random

from portal.core.text import fold

FIRST = (
    "Adventure", "Alpine", "Amber", "Anchor", "Apex", "Arbor", "Aspen", "Atlas", "Aurora", "Baldwin", "Bay", "Beacon",
    "Birch", "Blue", "Bright", "Canyon", "Capital", "Cascade", "Cedar", "Central", "City", "Clear", "Coastal", "Copper",
    "Crescent", "Crystal", "Delta", "Eagle", "Eastern", "Élan", "Ember", "Evergreen", "Falcon", "First", "Forest",
    "Fourth", "Frontier", "Garden", "Glacier", "Golden", "Granite", "Green", "Harbor", "Heritage", "Highland",
    "Horizon", "Iron", "Island", "Juniper", "Keystone", "Lake", "Lakeside", "Liberty", "Lucerne", "Maple", "Meridian",
    "Metro", "Midland", "Mission", "Northern", "Northwind", "Oak", "Ocean", "Olympic", "Orchard", "Pacific", "Pine",
    "Pioneer", "Prairie", "Proseware", "Río", "River", "Rocky", "Royal", "Sierra", "Silver", "Skyline", "South",
    "Spring", "Sterling", "Stone", "Summit", "Sun", "Tailspin", "Timber", "Trey", "Union", "Valley", "Vista", "Western",
    "Wide World", "Willow", "Wingtip", "Woodgrove", "Zenith", "Zürich",
)  # fmt: skip
SECOND = (
    "Airlines", "Analytics", "Apparel", "Architects", "Auto Parts", "Bakery", "Bank", "Bicycles", "Biotech", "Builders",
    "Cafe", "Capital", "Cleaning", "Clinic", "Coffee", "Components", "Construction", "Consulting", "Credit Union",
    "Dental", "Design", "Distribution", "Electric", "Energy", "Engineering", "Farms", "Finance", "Fitness", "Foods",
    "Foundation", "Freight", "Furniture", "Gallery", "Gardens", "Hardware", "Health", "Hotel", "Imports", "Insurance",
    "Interiors", "Labs", "Landscaping", "Law", "Learning", "Lighting", "Logistics", "Machines", "Manufacturing",
    "Marketing", "Media", "Medical", "Mills", "Motors", "Museum", "Outfitters", "Packaging", "Paper", "Partners",
    "Pharmacy", "Photography", "Plumbing", "Printing", "Properties", "Publishing", "Realty", "Research", "Robotics",
    "School", "Security", "Services", "Software", "Sports", "Steel", "Storage", "Studio", "Supplies", "Systems",
    "Textiles", "Theater", "Tools", "Toys", "Traders", "Travel", "Utilities", "Veterinary", "Video", "Warehousing",
    "Water", "Winery", "Works",
)  # fmt: skip
FORM = ("", "", "", " Company", " Group", ", Inc.", ", Inc.", " LLC", " LLC", ", Ltd.", " & Sons", " Corporation", " East",
        " West")  # fmt: skip
CITIES = (
    "Albany", "Atlanta", "Austin", "Boise", "Boston", "Chicago", "Cleveland", "Dallas", "Denver", "Detroit", "Fresno",
    "Houston", "Kansas City", "Miami", "Nashville", "New York", "Oakland", "Omaha", "Phoenix", "Portland", "Raleigh",
    "Richmond", "Sacramento", "San Diego", "Seattle", "Spokane", "St. Louis", "Tampa", "Tucson", "Tulsa",
)  # fmt: skip
NICKNAMES = (
    "Accounting", "Apprentices", "Back office", "Branch office", "Call center", "Contractors", "Factory", "Field staff",
    "Front desk", "HQ seats", "Interns", "Management", "Marketing", "New hires", "Night shift", "Project team", "R&D",
    "Sales team", "Shared mailboxes", "Summer staff", "Support desk", "Training room", "Warehouse", "Workshop",
)  # fmt: skip


def company(chance: random.Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(SECOND)}{chance.choice(FORM)}"


def domain(name: str, number: int) -> str:
    """A domain of its own for each number."""
    letters = "".join(c for c in fold(name) if c.isascii() and c.isalnum())
    return f"{letters[:30]}-{number:06d}.example"
