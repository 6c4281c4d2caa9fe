//! Finding resource ids in JSON text without parsing it.

use memchr::memmem;

/// Every string of the text that begins like a resource id, without its quotes. Strings with escapes are
/// passed over: no id needs one.
pub(super) fn mentions(body: &str) -> impl Iterator<Item = &str> {
    memmem::find_iter(body.as_bytes(), b"\"/").filter_map(move |at| {
        let rest = body.get(at + 1..)?;
        let end = memchr::memchr2(b'"', b'\\', rest.as_bytes())?;
        let text = rest.get(..end)?;
        let closed = rest.as_bytes()[end] == b'"';
        (closed && (starts_with(text, "/subscriptions/") || starts_with(text, "/providers/"))).then_some(text)
    })
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
