//! Words the company is made of. All people and partner companies are invented.

/// Given names.
pub(crate) const GIVEN: &[&str] = &[
    "Ada", "Amir", "Anneke", "Bao", "Carla", "Chidi", "Dagny", "Dilan", "Elif", "Emeka", "Farida", "Finn",
    "Greta", "Hana", "Ibrahim", "Ines", "Jonas", "Kaito", "Katrin", "Lars", "Leila", "Lucia", "Marek", "Mei",
    "Mirela", "Nadia", "Nils", "Olga", "Oscar", "Paula", "Priya", "Quentin", "Rasa", "Rohan", "Sanna",
    "Selma", "Tariq", "Tomasz", "Uma", "Viktor", "Wanda", "Yusuf", "Zoe",
];

/// Family names.
pub(crate) const FAMILY: &[&str] = &[
    "Abara",
    "Andersen",
    "Baptiste",
    "Berger",
    "Castillo",
    "Dahl",
    "Demir",
    "Eriksen",
    "Farah",
    "Fischer",
    "Gallo",
    "Haddad",
    "Horvat",
    "Ivanova",
    "Jansen",
    "Kaya",
    "Kowalski",
    "Laine",
    "Lindqvist",
    "Marino",
    "Mbeki",
    "Nakamura",
    "Novak",
    "Okafor",
    "Oliveira",
    "Petrov",
    "Quist",
    "Rahman",
    "Rossi",
    "Sato",
    "Silva",
    "Svensson",
    "Tanaka",
    "Toth",
    "Ueda",
    "Vasquez",
    "Virtanen",
    "Weber",
    "Wójcik",
    "Yilmaz",
    "Zeman",
];

/// Departments with their cost-centre prefix.
pub(crate) const DEPARTMENTS: &[&str] = &[
    "Finance",
    "Sales",
    "Logistics",
    "Engineering",
    "Operations",
    "Human resources",
    "Legal",
    "Marketing",
    "Research",
    "Customer care",
    "Procurement",
    "Security",
];

/// Job titles.
pub(crate) const TITLES: &[&str] =
    &["Analyst", "Engineer", "Manager", "Specialist", "Consultant", "Architect", "Coordinator", "Director"];

/// Applications that workloads belong to.
pub(crate) const APPLICATIONS: &[&str] = &[
    "orders",
    "billing",
    "catalogue",
    "loyalty",
    "fulfilment",
    "returns",
    "pricing",
    "forecast",
    "telemetry",
    "maintenance",
    "quality",
    "payroll",
    "recruiting",
    "contracts",
    "intranet",
    "search",
    "images",
    "payments",
    "ledger",
    "routing",
    "fleet",
    "weighing",
    "sampling",
    "simulation",
    "archive",
    "reporting",
];

/// Possible segments of the company: group name part, display name, and short form for resource names.
pub(crate) const SEGMENTS: &[(&str, &str, &str)] = &[
    ("retail", "Retail", "rtl"),
    ("manufacturing", "Manufacturing", "mfg"),
    ("research", "Research", "rsh"),
    ("logistics", "Logistics", "lgs"),
    ("finance", "Finance", "fin"),
    ("health", "Health products", "hlt"),
];

/// Regions: name, display name, short form, paired region.
pub(crate) const REGIONS: &[(&str, &str, &str)] = &[
    ("westeurope", "West Europe", "weu"),
    ("northeurope", "North Europe", "neu"),
    ("swedencentral", "Sweden Central", "sdc"),
    ("uksouth", "UK South", "uks"),
    ("eastus2", "East US 2", "eus2"),
    ("germanywestcentral", "Germany West Central", "gwc"),
];

/// Domains of partner companies; reserved for examples (RFC 2606).
pub(crate) const PARTNERS: &[&str] =
    &["fabrikam.example", "northwind.example", "litware.example", "proseware.example"];

/// The company's verified domain, which Microsoft's documentation uses as its example.
pub(crate) const DOMAIN: &str = "contoso.com";

/// A public address from the three documentation networks (RFC 5737); repeats after 762 addresses.
pub(crate) fn documentation_address(item: usize) -> String {
    const NETWORKS: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
    let item = item % 762;
    format!("{}.{}", NETWORKS[item / 254], item % 254 + 1)
}
