//! The pages: plain HTML without scripts of their own, everything foreign escaped, one style sheet.

use std::fmt::Write as _;

use axum::http::StatusCode;
use qrcode::QrCode;
use qrcode::render::svg;
use url::Url;

use super::authorize::Answer;
use super::errors::OAuthError;

/// A page, and where its forms may end up.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
    /// The origin of the application that the answer goes to: browsers hold redirects of forms to the policy too
    pub(super) form_target: Option<String>,
    /// Whether the browser's session was ended
    pub(super) ended: bool,
}

impl Page {
    /// The page, whose forms may lead to this address in the end.
    pub(super) fn sending_to(mut self, redirect: Option<&str>) -> Self {
        self.form_target = redirect.and_then(source_of);
        self
    }
}

/// What every step's page needs.
pub(super) struct Step<'a> {
    pub(super) organisation: &'a str,
    pub(super) flow: &'a str,
    pub(super) mark: &'a str,
    pub(super) error: Option<&'a str>,
}

/// A source expression of a content security policy for an address; nothing that could end the directive gets through.
fn source_of(redirect: &str) -> Option<String> {
    let url = Url::parse(redirect).ok()?;
    let source = match url.origin() {
        origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
        url::Origin::Opaque(_) => format!("{}:", url.scheme()),
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-:/[]+".contains(letter);
    source.chars().all(plain).then_some(source)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn page(organisation: &str, title: &str, body: &str) -> Page {
    let (organisation, title) = (escape(organisation), escape(title));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · {organisation}</title>\
         <link rel=\"stylesheet\" href=\"/signin/style.css\"></head>\
         <body><main><p class=\"brand\">{organisation}</p><h1>{title}</h1>{body}</main></body></html>\n"
    );
    Page { status: StatusCode::OK, html, form_target: None, ended: false }
}

fn step_page(step: &Step<'_>, title: &str, before: &str, fields: &str) -> Page {
    let mut body = String::from(before);
    if let Some(error) = step.error {
        // Read out at once, and where the focus goes next.
        let _ = write!(body, "<p class=\"error\" role=\"alert\">{}</p>", escape(error));
    }
    let _ = write!(
        body,
        "<form method=\"post\" action=\"/signin\">{}{fields}</form>",
        hidden(step.flow, step.mark)
    );
    page(step.organisation, title, &body)
}

fn hidden(flow: &str, mark: &str) -> String {
    let (flow, mark) = (escape(flow), escape(mark));
    format!(
        "<input type=\"hidden\" name=\"flow\" value=\"{flow}\"><input type=\"hidden\" name=\"mark\" value=\"{mark}\">"
    )
}

const CANCEL: &str =
    "<button name=\"action\" value=\"cancel\" class=\"quiet\" formnovalidate>Cancel</button>";

/// Name and password on one page: asked one after the other, the second page would tell whether the name is known.
pub(super) fn password(step: &Step<'_>, client: &str, hint: &str) -> Page {
    let (client, hint) = (escape(client), escape(hint));
    let (name_focus, password_focus) = if hint.is_empty() { (" autofocus", "") } else { ("", " autofocus") };
    let fields = format!(
        "<label for=\"username\">User name</label>\
         <input id=\"username\" name=\"username\" type=\"email\" autocomplete=\"username\" required maxlength=\"256\" \
         placeholder=\"name@example.com\" value=\"{hint}\"{name_focus}>\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required maxlength=\"256\"{password_focus}>\
         <div class=\"row\"><button name=\"action\" value=\"password\">Sign in</button>{CANCEL}</div>"
    );
    step_page(step, "Sign in", &format!("<p>to continue to <strong>{client}</strong></p>"), &fields)
}

/// Which account: the one that is signed in, or another.
pub(super) fn choose(step: &Step<'_>, client: &str, name: &str) -> Page {
    let (client, name) = (escape(client), escape(name));
    let fields = format!(
        "<div class=\"stack\"><button name=\"action\" value=\"continue\" autofocus>Continue as {name}</button>\
         <button name=\"action\" value=\"other\" class=\"quiet\">Use another account</button></div>"
    );
    step_page(step, "Pick an account", &format!("<p>to continue to <strong>{client}</strong></p>"), &fields)
}

/// A code of an authenticator app, or a recovery code.
pub(super) fn second(step: &Step<'_>, name: &str, recovery: bool) -> Page {
    let name = escape(name);
    let mut fields = format!(
        "<label for=\"code\">Code</label>\
         <input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"40\" autofocus>\
         <div class=\"row\"><button name=\"action\" value=\"code\">Verify</button>{CANCEL}</div>"
    );
    if recovery {
        fields.push_str(
            "<p class=\"hint\">No access to the app? Enter one of your recovery codes above.</p>\
             <button name=\"action\" value=\"recovery\" class=\"link\">Use it as a recovery code</button>",
        );
    }
    let before = format!("<p>{name}</p><p>Enter the six digits that your authenticator app shows.</p>");
    step_page(step, "Verify your identity", &before, &fields)
}

/// An authenticator app to be registered.
pub(super) fn register(step: &Step<'_>, name: &str, secret: &[u8]) -> Page {
    let key = base32(secret);
    let label: String = url::form_urlencoded::byte_serialize(step.organisation.as_bytes()).collect();
    let account: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let link = format!("otpauth://totp/{label}:{account}?secret={key}&issuer={label}");
    let picture = QrCode::new(link.as_bytes())
        .map(|code| code.render::<svg::Color<'_>>().min_dimensions(200, 200).quiet_zone(true).build())
        .unwrap_or_default();
    let picture = picture.split_once("?>").map_or(picture.as_str(), |(_, svg)| svg);
    let groups: Vec<&str> =
        key.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    let before = format!(
        "<p>{}</p><p>Your account needs a second factor. Scan the picture with an authenticator app, or type the key into it, \
         and enter the six digits that it shows.</p><div class=\"picture\" role=\"img\" \
         aria-label=\"QR code of the key below\">{picture}</div><p class=\"key\"><code>{}</code></p>",
        escape(name),
        groups.join(" ")
    );
    let fields = format!(
        "<label for=\"code\">Code</label>\
         <input id=\"code\" name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\" required maxlength=\"10\" autofocus>\
         <div class=\"row\"><button name=\"action\" value=\"register\">Register</button>{CANCEL}</div>"
    );
    step_page(step, "Set up a second factor", &before, &fields)
}

/// Recovery codes, shown once.
pub(super) fn recovery_codes(organisation: &str, flow: &str, mark: &str, codes: &[String]) -> Page {
    let items: String = codes.iter().map(|code| format!("<li><code>{}</code></li>", escape(code))).collect();
    let before = if codes.is_empty() {
        "<p>Your authenticator app is registered.</p>".to_owned()
    } else {
        format!(
            "<p>Your authenticator app is registered. Keep these codes where only you find them: each signs you in once, should the \
             app be lost. They are not shown again.</p><ul class=\"codes\">{items}</ul>"
        )
    };
    let step = Step { organisation, flow, mark, error: None };
    let fields =
        "<div class=\"row\"><button name=\"action\" value=\"continue\" autofocus>Continue</button></div>";
    step_page(&step, "Keep your recovery codes", &before, fields)
}

/// The code that a device shows.
pub(super) fn enter_code(step: &Step<'_>) -> Page {
    let before = "<p>Enter the code that your own device or command line shows. <strong>Never enter a code that somebody sent \
                  you</strong>: it would sign them in as you.</p>";
    let fields = "<label for=\"code\">Code</label>\
         <input id=\"code\" name=\"code\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" required \
         maxlength=\"16\" autofocus>\
         <div class=\"row\"><button name=\"action\" value=\"enter\">Next</button></div>";
    step_page(step, "Enter code", before, fields)
}

/// What a device asks, before anybody signs in for it.
pub(super) fn confirm_device(step: &Step<'_>, client: &str, address: &str, agent: &str, name: &str) -> Page {
    let before = format!(
        "<p>A device asks to be signed in. Go on only if you started this yourself, a moment ago.</p>\
         <dl><dt>Application</dt><dd>{}</dd><dt>Address</dt><dd>{}</dd><dt>Program</dt><dd>{}</dd></dl>",
        escape(client),
        escape(if address.is_empty() { "unknown" } else { address }),
        escape(&agent.chars().take(120).collect::<String>()),
    );
    let onward = if name.is_empty() {
        "<button name=\"action\" value=\"other\">Sign in</button>".to_owned()
    } else {
        format!(
            "<button name=\"action\" value=\"continue\">Continue as {}</button>\
             <button name=\"action\" value=\"other\" class=\"quiet\">Use another account</button>",
            escape(name)
        )
    };
    let fields = format!(
        "<div class=\"stack\">{onward}<button name=\"action\" value=\"cancel\" class=\"quiet\">I did not start this</button></div>"
    );
    step_page(step, "Is this you?", &before, &fields)
}

/// The device is signed in.
pub(super) fn device_done(organisation: &str) -> Page {
    page(organisation, "You are signed in", "<p>on your device. You may close this window.</p>")
}

/// The device was refused.
pub(super) fn declined(organisation: &str) -> Page {
    page(organisation, "Declined", "<p>The device was not signed in. You may close this window.</p>")
}

/// Nobody is signed in any more.
pub(super) fn signed_out(organisation: &str) -> Page {
    Page { ended: true, ..page(organisation, "You are signed out", "<p>You may close this window.</p>") }
}

/// Asks before signing out, where nothing proves that the person's own application asks.
pub(super) fn sign_out(organisation: &str, mark: &str) -> Page {
    let body = format!(
        "<p>Do you want to sign out?</p><form method=\"post\" action=\"/signin/out\">\
         <input type=\"hidden\" name=\"mark\" value=\"{}\">\
         <div class=\"row\"><button autofocus>Sign out</button></div></form>",
        escape(mark)
    );
    page(organisation, "Sign out", &body)
}

/// The person's own account.
pub(super) fn account(organisation: &str, name: &str, methods: &[&str], mark: &str) -> Page {
    let items: String = methods.iter().map(|method| format!("<li>{}</li>", escape(method))).collect();
    let mark = escape(mark);
    let body = format!(
        "<p>{}</p><h2>How you sign in</h2><ul>{items}</ul>\
         <form method=\"post\" action=\"/signin/out\"><input type=\"hidden\" name=\"mark\" value=\"{mark}\">\
         <div class=\"stack\"><button>Sign out</button>\
         <button name=\"everywhere\" value=\"yes\" class=\"quiet\">Sign out everywhere</button></div></form>",
        escape(name)
    );
    page(organisation, "Your account", &body)
}

/// A refusal.
pub(super) fn failure(organisation: &str, error: &OAuthError) -> Page {
    let body =
        format!("<p class=\"error\" role=\"alert\">AADSTS{}: {}</p>", error.code, escape(&error.message));
    Page { status: error.status, ..page(organisation, "Sign-in did not work", &body) }
}

/// Sends fields to an application by a form, which a small script submits at once.
pub(super) fn form_post(organisation: &str, answer: &Answer) -> Page {
    let fields: String = answer
        .fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let body = format!(
        "<form method=\"post\" action=\"{}\" data-submit>{fields}<div class=\"row\"><button>Continue</button></div></form>\
         <script src=\"/signin/post.js\"></script>",
        escape(&answer.redirect)
    );
    page(organisation, "Continue", &body).sending_to(Some(&answer.redirect))
}

/// RFC 4648's base32 without padding, as authenticator apps take keys.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut buffer, mut bits) = (String::new(), 0u32, 0);
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits) as usize & 31]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits)) as usize & 31]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_text() {
        let step = Step { organisation: "A & B", flow: "f", mark: "m", error: Some("<b>no</b>") };
        let page = password(&step, "<script>alert(1)</script>", "\"><img src=x>");
        assert!(!page.html.contains("<script>") && !page.html.contains("<img") && !page.html.contains("<b>"));
        assert!(page.html.contains("A &amp; B"));
    }

    #[test]
    fn form_targets_are_origins() {
        assert_eq!(source_of("http://localhost:8400/cb?x").as_deref(), Some("http://localhost:8400"));
        assert_eq!(source_of("msal1234://auth").as_deref(), Some("msal1234:"));
        assert_eq!(source_of("https://a;script-src *"), None);
    }

    #[test]
    fn keys_in_base32() {
        // RFC 4648, section 10.
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(base32(b"f"), "MY");
        assert_eq!(base32(b""), "");
    }
}
