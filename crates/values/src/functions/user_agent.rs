//! What a user agent says of itself: a browser, a system, a device, by the words in its text.

use std::sync::Arc;

use crate::json::Json;

/// Words of browsers and tools, the most telling first: several stand in most texts.
const BROWSERS: &[(&str, &str)] = &[
    ("AdobeAIR/", "AdobeAIR"),
    ("EdgA/", "Edge Mobile"),
    ("EdgiOS/", "Edge Mobile"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox iOS"),
    ("CriOS/", "Chrome Mobile iOS"),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("Firefox/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "IE"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("python-requests/", "Python Requests"),
    ("Go-http-client/", "Go-http-client"),
    ("okhttp/", "okhttp"),
    ("PowerShell/", "PowerShell"),
];

/// Windows by the version of its kernel.
const WINDOWS: &[(&str, &str)] = &[
    ("10.0", "10"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "XP"),
    ("5.1", "XP"),
];

/// Up to three numbers that a text begins with, between points or underscores.
fn version(text: &str) -> [String; 3] {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let mut parts = text[..end].split(['.', '_']).map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

fn bag<const N: usize>(members: [(&str, String); N]) -> Json {
    Json::Object(members.map(|(name, value)| (Arc::from(name), Json::string(value))).into())
}

/// Family and version of the browser or tool; `Other` if no word is known.
pub(super) fn browser(text: &str) -> Json {
    let found =
        BROWSERS.iter().find_map(|(word, family)| Some((*family, &text[text.find(word)? + word.len()..])));
    let (family, [major, minor, patch]) = match found {
        Some((family, rest)) => {
            let mobile = family == "Chrome" && text.contains("Mobile");
            (if mobile { "Chrome Mobile" } else { family }, version(rest))
        }
        None => match text.find("Trident/").and(text.find("rv:")) {
            Some(at) => ("IE", version(&text[at + 3..])),
            None => ("Other", Default::default()),
        },
    };
    bag([("Family", family.to_owned()), ("MajorVersion", major), ("MinorVersion", minor), ("Patch", patch)])
}

/// Family and version of the operating system.
pub(super) fn system(text: &str) -> Json {
    let after = |word: &str| text.find(word).map(|at| &text[at + word.len()..]);
    let (family, [major, minor, patch]) = if let Some(rest) = after("Windows NT ") {
        let known = WINDOWS.iter().find(|(kernel, _)| rest.starts_with(kernel));
        ("Windows", [known.map_or("", |(_, name)| name).to_owned(), String::new(), String::new()])
    } else if let Some(rest) = after("Android ") {
        ("Android", version(rest))
    } else if let Some(rest) = after("iPhone OS ").or_else(|| after("CPU OS ")) {
        ("iOS", version(rest))
    } else if let Some(rest) = after("Mac OS X ") {
        ("Mac OS X", version(rest))
    } else if text.contains("CrOS") {
        ("Chrome OS", Default::default())
    } else if text.contains("Ubuntu") {
        ("Ubuntu", Default::default())
    } else if text.contains("Linux") {
        ("Linux", Default::default())
    } else if text.contains("Windows") {
        ("Windows", Default::default())
    } else {
        ("Other", Default::default())
    };
    bag([
        ("Family", family.to_owned()),
        ("MajorVersion", major),
        ("MinorVersion", minor),
        ("Patch", patch),
        ("PatchMinor", String::new()),
    ])
}

/// Family, brand and model of the device.
pub(super) fn device(text: &str) -> Json {
    let known = [("iPhone", "Apple"), ("iPad", "Apple"), ("iPod", "Apple"), ("Macintosh", "Apple")];
    let apple = known.iter().find(|(word, _)| text.contains(word));
    let (family, brand, model) = match apple {
        Some(("Macintosh", brand)) => ("Mac".to_owned(), (*brand).to_owned(), "Mac".to_owned()),
        Some((word, brand)) => ((*word).to_owned(), (*brand).to_owned(), (*word).to_owned()),
        None => {
            // `Android 13; Pixel 7 Build/…`
            let model = text.find("Android ").and_then(|at| text[at..].split(';').nth(1)).map(|part| {
                part.split(" Build").next().unwrap_or_default().trim_end_matches(')').trim().to_owned()
            });
            match model {
                Some(model) if !model.is_empty() => (model.clone(), String::new(), model),
                _ => ("Other".to_owned(), String::new(), String::new()),
            }
        }
    };
    bag([("Family", family), ("Brand", brand), ("Model", model)])
}
