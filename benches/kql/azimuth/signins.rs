//! Sign-ins: some sixty columns, five of them JSON.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::Failure;
use crate::random::{Random, guid, mixed};
use crate::write::{self, Column, moment};

const USERS: u64 = 3000;
/// A city with its country, region and place on the map.
type City = (&'static str, &'static str, &'static str, f64, f64);
const CITIES: [City; 10] = [
    ("Amsterdam", "NL", "North Holland", 52.37, 4.9),
    ("Berlin", "DE", "Berlin", 52.52, 13.4),
    ("Dublin", "IE", "Leinster", 53.35, -6.26),
    ("Seattle", "US", "Washington", 47.61, -122.33),
    ("Austin", "US", "Texas", 30.27, -97.74),
    ("Pune", "IN", "Maharashtra", 18.52, 73.86),
    ("Singapore", "SG", "Central Singapore", 1.35, 103.82),
    ("São Paulo", "BR", "São Paulo", -23.55, -46.63),
    ("Zürich", "CH", "Zürich", 47.38, 8.54),
    ("Leeds", "GB", "West Yorkshire", 53.8, -1.55),
];
const APPS: [&str; 12] = [
    "Azure Portal",
    "Microsoft Teams",
    "Office 365 Exchange Online",
    "SharePoint Online",
    "Azure CLI",
    "Microsoft Graph Explorer",
    "Visual Studio Code",
    "Power BI Service",
    "Contoso Travel",
    "Contoso Payroll",
    "OneDrive",
    "Windows Sign In",
];
const POLICIES: [&str; 9] = [
    "Require multifactor authentication for admins",
    "Block legacy authentication",
    "Require compliant device",
    "Block sign-ins from high-risk countries",
    "Require password change for risky users",
    "Session limit on browsers",
    "Require terms of use",
    "Guests: multifactor authentication",
    "Block device code flow",
];
const RESULTS: [&str; 4] = ["success", "notApplied", "notEnabled", "failure"];
/// Columns that hold the same everywhere, or one of a few values.
const FEW: [(&str, &[&str]); 30] = [
    ("TenantId", &["5e9c1f0a-77aa-4c0e-9d3b-0a4c5d7e1f20"]),
    ("SourceSystem", &["Azure AD"]),
    ("OperationName", &["Sign-in activity"]),
    ("OperationVersion", &["1.0"]),
    ("Category", &["SignInLogs"]),
    ("ResultSignature", &["None", "SUCCESS", "FAILURE"]),
    ("Resource", &["Microsoft.aadiam"]),
    ("ResourceGroup", &["Microsoft.aadiam"]),
    ("ResourceProvider", &[""]),
    ("Level", &["4"]),
    ("AlternateSignInName", &[""]),
    ("AuthenticationMethodsUsed", &[""]),
    ("AuthenticationRequirement", &["singleFactorAuthentication", "multiFactorAuthentication"]),
    ("ClientAppUsed", &["Browser", "Mobile Apps and Desktop clients", "IMAP4", "Exchange ActiveSync"]),
    ("ConditionalAccessStatus", &["success", "notApplied", "failure"]),
    (
        "NetworkLocationDetails",
        &["[]", "[{\"networkType\":\"trustedNamedLocation\",\"networkNames\":[\"HQ\"]}]"],
    ),
    ("RiskDetail", &["none", "hidden"]),
    ("RiskEventTypes", &["[]", "[\"unfamiliarFeatures\"]"]),
    ("RiskEventTypes_V2", &["[]", "[\"unfamiliarFeatures\"]"]),
    ("RiskLevelAggregated", &["none", "low", "medium", "high"]),
    ("RiskLevelDuringSignIn", &["none", "low", "medium", "high"]),
    ("RiskState", &["none", "atRisk", "dismissed"]),
    ("ResourceDisplayName", &["Windows Azure Service Management API", "Microsoft Graph", "Office 365"]),
    ("TokenIssuerType", &["AzureAD"]),
    ("UserType", &["Member", "Guest"]),
    ("FlaggedForReview", &["false", "true"]),
    ("SignInIdentifierType", &["", "userPrincipalName"]),
    ("AuthenticationProtocol", &["none", "deviceCode", "ropc"]),
    ("CrossTenantAccessType", &["none", "b2bCollaboration"]),
    ("Type", &["SigninLogs"]),
];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "python-requests/2.31.0",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17628; Pro)",
];
/// The columns of the five JSON texts.
pub(crate) const DYNAMIC: [&str; 5] =
    ["LocationDetails", "DeviceDetail", "Status", "AuthenticationDetails", "ConditionalAccessPolicies"];

/// Writes the table.
pub(crate) fn generate(folder: &Path, rows: u64) -> Result<Map<String, Value>, Failure> {
    let random = &mut Random::new(3);
    let mut columns = vec![("TimeGenerated", Column::time()), ("CreatedDateTime", Column::time())];
    let own = [
        "ResultType",
        "ResultDescription",
        "CorrelationId",
        "Identity",
        "Location",
        "AppDisplayName",
        "AppId",
        "Id",
        "IPAddress",
        "OriginalRequestId",
        "ResourceIdentity",
        "UserAgent",
        "UserDisplayName",
        "UserId",
        "UserPrincipalName",
        "AADTenantId",
        "ResourceTenantId",
        "HomeTenantId",
        "UniqueTokenIdentifier",
        "SessionId",
        "AuthenticationProcessingDetails",
    ];
    columns.extend(own.map(|name| (name, Column::text())));
    columns.extend(DYNAMIC.map(|name| (name, Column::text())));
    columns.extend([("DurationMs", Column::long()), ("ProcessingTimeInMilliseconds", Column::int())]);
    columns.extend(FEW.map(|(name, _)| (name, Column::text())));
    let mut correlation = String::new();
    let mut number = 0;
    write::table(&folder.join("signins"), rows, random, columns, |random, time, columns| {
        let user = random.skewed(USERS);
        let home = CITIES[(mixed(user) % 10) as usize];
        let city = if random.chance(0.93) { home } else { *random.pick(&CITIES) };
        let app = random.skewed(APPS.len() as u64) as usize;
        let result = match random.below(100) {
            0..82 => "0",
            82..92 => "50126",
            92..95 => "50074",
            95..98 => "53003",
            _ => "50053",
        };
        let id = random.guid();
        // A row in the middle is what is looked up.
        number += 1;
        if number == rows / 2 + 1 {
            correlation.clone_from(&id);
        }
        let name = format!("User {user:04}");
        let tenant = FEW[0].1[0];
        let address = format!("203.0.{}.{}", mixed(user) % 113, random.skewed(250));
        let texts = [
            result.to_owned(),
            if result == "0" { "" } else { "Error validating credentials due to invalid username or password." }.to_owned(),
            id,
            name.clone(),
            city.1.to_owned(),
            APPS[app].to_owned(),
            guid(mixed(app as u64), mixed(app as u64 + 99)),
            random.guid(),
            address,
            random.guid(),
            guid(mixed(user % 3), mixed(user % 3 + 7)),
            (*random.pick_skewed(&AGENTS)).to_owned(),
            name,
            guid(mixed(user + 1000), mixed(user + 9000)),
            format!("user{user:04}@contoso.example"),
            tenant.to_owned(),
            tenant.to_owned(),
            tenant.to_owned(),
            format!("{:016x}{:06x}", random.next(), random.below(1 << 24)),
            random.guid(),
            "[{\"key\":\"Legacy TLS (TLS 1.0, 1.1, 3DES)\",\"value\":\"False\"},{\"key\":\"Is CAE Token\",\"value\":\"True\"}]".to_owned(),
            location(city),
            device(random, user),
            status(result),
            authentication(random, result, time),
            policies(random),
        ];
        columns[0].1.push(time);
        columns[1].1.push(time - 2_000_000 - random.below(60_000_000) as i64);
        for (column, text) in columns[2..].iter_mut().zip(&texts) {
            column.1.push_text(text);
        }
        let at = 2 + texts.len();
        columns[at].1.push(0);
        columns[at + 1].1.push(20 + random.skewed(3000) as i64);
        for (column, (_, values)) in columns[at + 2..].iter_mut().zip(&FEW) {
            column.1.push_text(random.pick_skewed::<&str>(values));
        }
    })?;
    Ok(Map::from_iter([("correlation".to_owned(), json!(correlation))]))
}

fn location((city, country, region, latitude, longitude): City) -> String {
    format!(
        "{{\"city\":\"{city}\",\"state\":\"{region}\",\"countryOrRegion\":\"{country}\",\"geoCoordinates\":{{\"latitude\":{latitude},\"longitude\":{longitude},\"region\":\"{region}\"}}}}"
    )
}

fn device(random: &mut Random, user: u64) -> String {
    let system = random.pick_skewed(&["Windows 10", "Windows 11", "MacOs", "Ios 17", "Android", "Linux"]);
    let browser = random.pick_skewed(&["Chrome 126.0.0", "Edge 126.0.0", "Safari 17.4", "Firefox 127.0"]);
    let id = guid(mixed(user), mixed(user + 3));
    format!(
        "{{\"deviceId\":\"{id}\",\"displayName\":\"LAPTOP-{user:04}\",\"operatingSystem\":\"{system}\",\"browser\":\"{browser}\",\"isCompliant\":{},\"isManaged\":true,\"trustType\":\"Azure AD joined\"}}",
        random.chance(0.8)
    )
}

fn status(result: &str) -> String {
    match result {
        "0" => "{\"errorCode\":0,\"additionalDetails\":\"MFA requirement satisfied by claim in the token\"}"
            .to_owned(),
        code => format!(
            "{{\"errorCode\":{code},\"failureReason\":\"Error validating credentials due to invalid username or password.\",\"additionalDetails\":null}}"
        ),
    }
}

fn authentication(random: &mut Random, result: &str, time: i64) -> String {
    let mut steps = Vec::new();
    for step in 0..1 + random.below(3) {
        let method = random.pick_skewed(&[
            "Password",
            "Previously satisfied",
            "Microsoft Authenticator",
            "FIDO2 security key",
        ]);
        steps.push(format!(
            "{{\"authenticationStepDateTime\":\"{}Z\",\"authenticationMethod\":\"{method}\",\"succeeded\":{},\"authenticationStepResultDetail\":\"{}\",\"StatusSequence\":{step},\"RequestSequence\":{step}}}",
            moment(time),
            result == "0",
            if result == "0" { "Correct password" } else { "Incorrect password" }
        ));
    }
    format!("[{}]", steps.join(","))
}

fn policies(random: &mut Random) -> String {
    let mut judged = Vec::new();
    for (number, name) in POLICIES.iter().enumerate().take(1 + random.below(9) as usize) {
        let id = guid(mixed(number as u64 + 50), mixed(number as u64 + 60));
        let result = random.pick_skewed(&RESULTS);
        judged.push(format!(
            "{{\"id\":\"{id}\",\"displayName\":\"{name}\",\"enforcedGrantControls\":[\"Mfa\"],\"enforcedSessionControls\":[],\"result\":\"{result}\",\"conditionsSatisfied\":{},\"conditionsNotSatisfied\":0}}",
            random.below(4096)
        ));
    }
    format!("[{}]", judged.join(","))
}
