"""The sample companies: partner tenants, their people, resellers and customers. All invented, at example domains."""

from __future__ import annotations

from dataclasses import dataclass

from customers.rules.vocabulary import Qualification
from portal.core.access import PartnerKind, Role


@dataclass(frozen=True)
class SamplePerson:
    email: str
    name: str
    role: Role
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class SamplePartner:
    key: str
    name: str
    kind: PartnerKind
    country: str
    currency: str
    mpn_id: str
    people: tuple[SamplePerson, ...]


@dataclass(frozen=True, kw_only=True)
class SampleReseller:
    key: str
    name: str
    mpn_id: str
    country: str = "US"
    state: str = "Active"
    is_location_account: bool = True


@dataclass(frozen=True)
class SampleCustomer:
    name: str
    domain: str
    country: str
    city: str = ""
    reseller: str = ""
    qualification: Qualification = Qualification.NONE


CONTOSO = SamplePartner(
    key="contoso", name="Contoso Distribution", kind=PartnerKind.INDIRECT_PROVIDER, country="US", currency="USD",
    mpn_id="5512890",
    people=(
        SamplePerson("mara.konig@contoso.example", "Mara König", Role.ADMIN_AGENT, "+1 425 555 0142"),
        SamplePerson("sam.abolrous@contoso.example", "Sam Abolrous", Role.SALES_AGENT, "+1 425 555 0143"),
        SamplePerson("helen.fraser@contoso.example", "Helen Fraser", Role.HELPDESK_AGENT, "+1 425 555 0144"),
        SamplePerson("bill.norris@contoso.example", "Bill Norris", Role.BILLING_ADMIN),
    ),
)  # fmt: skip
ADATUM = SamplePartner(
    key="adatum", name="Adatum Cloud Services", kind=PartnerKind.DIRECT_BILL, country="DE", currency="EUR",
    mpn_id="4391507",
    people=(
        SamplePerson("anke.vogel@adatum.example", "Anke Vogel", Role.ADMIN_AGENT, "+49 30 5550 0110"),
        SamplePerson("luca.dellamore@adatum.example", "Luca Dellamore", Role.SALES_AGENT, "+49 30 5550 0111"),
        SamplePerson("elif.demir@adatum.example", "Elif Demir", Role.HELPDESK_AGENT),
        SamplePerson("jan.kotas@adatum.example", "Jan Kotas", Role.BILLING_ADMIN),
    ),
)  # fmt: skip
WINGTIP = SamplePartner(
    key="wingtip", name="Wingtip Resale", kind=PartnerKind.INDIRECT_RESELLER, country="CA", currency="CAD",
    mpn_id="6620417",
    people=(
        SamplePerson("chantal.roy@wingtip.example", "Chantal Roy", Role.ADMIN_AGENT, "+1 514 555 0120"),
        SamplePerson("peter.bankov@wingtip.example", "Peter Bankov", Role.SALES_AGENT),
        SamplePerson("ada.oye@wingtip.example", "Ada Oye", Role.HELPDESK_AGENT),
        SamplePerson("simon.rapier@wingtip.example", "Simon Rapier", Role.BILLING_ADMIN),
    ),
)  # fmt: skip
PARTNERS = (CONTOSO, ADATUM, WINGTIP)

# Works for two partners, with another role in each.
TWO_TENANTS = SamplePerson("robin.counts@freelance.example", "Robin Counts", Role.SALES_AGENT)
TWO_TENANTS_ROLES = (("contoso", Role.SALES_AGENT), ("adatum", Role.HELPDESK_AGENT))
STAFF = ("staff@portal.example", "Portal Staff")

NOD, FOURTH, FIRST_UP, MESSENGER = "nod", "fourth", "first_up", "messenger"
RESELLERS = (
    SampleReseller(key=NOD, name="Nod Publishers", mpn_id="7654321"),
    SampleReseller(key=FOURTH, name="Fourth Coffee Resale", mpn_id="7654322"),
    SampleReseller(key=FIRST_UP, name="First Up Consultants", mpn_id="7654323", state="Inactive"),
    # Authorized in another CSP region than Contoso.
    SampleReseller(key="wingtip", name=WINGTIP.name, mpn_id=WINGTIP.mpn_id, country=WINGTIP.country),
    # A global account id, which no transaction accepts.
    SampleReseller(key=MESSENGER, name="Consolidated Messenger", mpn_id="1234567", is_location_account=False),
)

CONTOSO_CUSTOMERS = (
    SampleCustomer("Adventure Works Cycles", "awc.example", "US", "Bothell"),
    SampleCustomer("Alpine Ski House", "alpineski.example", "US", "Aspen"),
    SampleCustomer("Bellows College", "bellowscollege.example", "US", "Boston", "", Qualification.EDUCATION),
    SampleCustomer("Best For You Organics Company", "bestforyou.example", "US", "Portland", FOURTH),
    SampleCustomer("Blue Yonder Airlines", "blueyonder.example", "US", "Denver"),
    SampleCustomer("City Power & Light", "citypower.example", "US", "Chicago"),
    SampleCustomer("Coho Winery", "cohowinery.example", "US", "Napa", FOURTH),
    SampleCustomer("Fabrikam Robotics", "fabrikam.example", "US", "Redmond", NOD),
    SampleCustomer("Fabrikam Residences", "fabrikamresidences.example", "US", "Seattle", NOD),
    SampleCustomer("Fabrikam, Inc.", "fabrikaminc.example", "US", "Spokane"),
    SampleCustomer("Fourth Coffee", "fourthcoffee.example", "US", "Tacoma", FOURTH),
    SampleCustomer("Graphic Design Institute", "gdi.example", "US", "New York"),
    SampleCustomer("Humongous Insurance", "humongous.example", "US", "Hartford"),
    SampleCustomer("Island Freight", "islandfreight.example", "GU", "Hagåtña", NOD),
    SampleCustomer("Lamna Healthcare Company", "lamna.example", "US", "Houston"),
    SampleCustomer('Litware "Labs" & Margie\'s Sons', "litware.example", "US", "Austin"),
    SampleCustomer("Lucerne Publishing", "lucerne.example", "US", "Philadelphia", FIRST_UP),
    SampleCustomer("Margie’s Travel", "margiestravel.example", "US", "Miami", FOURTH),
    SampleCustomer("Northwind Traders", "northwind.example", "US", "Kirkland"),
    SampleCustomer("Northwind Traders East", "northwindeast.example", "US", "Baltimore"),
    SampleCustomer("Northwind Electric Cars", "northwindcars.example", "US", "Detroit", "wingtip"),
    SampleCustomer(
        "Proseware Versicherungsgesellschaft für Maschinenbau und Elektrotechnik mbH", "proseware.example", "US",
        "Milwaukee",
    ),
    SampleCustomer("Relecloud", "relecloud.example", "US", "San José", MESSENGER),
    SampleCustomer("Southridge Video <Studio>", "southridge.example", "US", "Burbank"),
    SampleCustomer("=SUM Analytics", "sumanalytics.example", "US", "Dallas"),
    SampleCustomer("Tailspin Toys", "tailspintoys.example", "US", "Cleveland"),
    SampleCustomer(
        "Tailwind County Office", "tailwindcounty.example", "US", "Salem", "", Qualification.GOVERNMENT
    ),
    SampleCustomer("The Phone Company", "phonecompany.example", "US", "Atlanta"),
    SampleCustomer("Trey Research", "treyresearch.example", "US", "Palo Alto", NOD),
    SampleCustomer("VanArsdel, Ltd.", "vanarsdel.example", "US", "Tampa"),
    SampleCustomer("Wide World Importers", "wwi.example", "US", "Oakland"),
    SampleCustomer("Woodgrove Bank", "woodgrove.example", "US", "Charlotte"),
    SampleCustomer("Woodgrove Relief Fund", "woodgroverelief.example", "US", "Charlotte", "", Qualification.NONPROFIT),
    SampleCustomer("شركة الأفق للتجارة", "alufuq.example", "US", "Dearborn", NOD),
)  # fmt: skip
ADATUM_CUSTOMERS = (
    SampleCustomer("Alpenglühen Hotelbetriebe GmbH", "alpengluehen.example", "AT", "Innsbruck"),
    SampleCustomer("Bäckerei Weiß & Söhne KG", "baeckerei-weiss.example", "DE", "Köln"),
    SampleCustomer("Caffè Trentasette S.r.l.", "trentasette.example", "IT", "Torino"),
    SampleCustomer("Datum Corporation", "datum.example", "DE", "Hamburg"),
    SampleCustomer("Datum Logistik AG", "datum-logistik.example", "DE", "Hamburg"),
    SampleCustomer("Gävle Tryckeri", "gavletryck.example", "BE", "Gent"),
    SampleCustomer("Fincher Architects", "fincher.example", "GB", "Leeds"),
    SampleCustomer("Librairie du Marché Étoilé", "marche-etoile.example", "FR", "Lyon"),
    SampleCustomer("Munson's Pickles and Preserves Farm", "munsons.example", "IE", "Cork"),
    SampleCustomer("Northwind Traders", "northwind-europe.example", "DE", "Berlin"),
    SampleCustomer("Oranje Fietsen B.V.", "oranjefietsen.example", "NL", "Utrecht"),
    SampleCustomer("Stiftung Sonnenhof", "sonnenhof.example", "DE", "Freiburg", "", Qualification.NONPROFIT),
    SampleCustomer("Uhrenwerk Zürich", "uhrenwerk.example", "CH", "Zürich"),
    SampleCustomer("Universidad Bella Vista", "bellavista.example", "ES", "Sevilla", "", Qualification.EDUCATION),
)
WINGTIP_CUSTOMERS = (
    SampleCustomer("Boulder Innovations", "boulder.example", "CA", "Vancouver"),
    SampleCustomer("Fourth Coffee", "fourthcoffee-canada.example", "CA", "Toronto"),
    SampleCustomer("Laiterie de l'Érable", "erable.example", "CA", "Québec"),
    SampleCustomer("Liberty's Delightful Sinful Bakery & Cafe", "libertys.example", "CA", "Halifax"),
    SampleCustomer("Parnell Aerospace", "parnell.example", "CA", "Montréal"),
    SampleCustomer("World Wide Importers Canada", "wwic.example", "CA", "Calgary"),
)
CUSTOMERS = {"contoso": CONTOSO_CUSTOMERS, "adatum": ADATUM_CUSTOMERS, "wingtip": WINGTIP_CUSTOMERS}
# These have bought nothing yet.
WITHOUT_SUBSCRIPTIONS = frozenset({"The Phone Company", "Datum Logistik AG"})
LANGUAGES = {"DE": "de-DE", "AT": "de-AT", "CH": "de-CH", "FR": "fr-FR", "IT": "it-IT", "ES": "es-ES", "NL": "nl-NL",
             "BE": "nl-BE", "GB": "en-GB", "IE": "en-IE", "CA": "en-CA"}  # fmt: skip
