//! Resource ids of every Resource Manager shape.
//!
//! The grammar (Azure Resource Manager, "Resource ID" and "Extension resource"):
//!
//! ```text
//! id    = root *( "/providers/" namespace 1*( "/" type "/" name ) )
//! root  = "" | "/subscriptions/" sub [ "/resourceGroups/" group ]
//!       | "/providers/Microsoft.Management/managementGroups/" group
//! ```
//!
//! The tenant itself is `/`. A `providers` block after another resource makes an extension resource.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use thiserror::Error;

use crate::fold::{eq_fold, fold, fold_hash};
use crate::resource_type::ResourceType;

/// Ids longer than this are refused; Azure itself stops far below.
const MAX_BYTES: usize = 4_096;

/// Why a text is no resource id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text does not begin with a slash.
    #[error("a resource id begins with `/`")]
    NoLeadingSlash,
    /// Two slashes in a row, or one at the end.
    #[error("a segment of the resource id at byte {at} is empty")]
    EmptySegment {
        /// Byte offset of the empty segment.
        at: usize,
    },
    /// The first segment is neither `subscriptions` nor `providers`.
    #[error("expected `subscriptions` or `providers`, found `{found}`")]
    UnknownRoot {
        /// The segment found.
        found: String,
    },
    /// A keyword came without the value that belongs to it.
    #[error("`{keyword}` is not followed by a value")]
    MissingValue {
        /// The keyword left alone.
        keyword: String,
    },
    /// Something other than `resourceGroups` or `providers` follows where one of them must.
    #[error("expected `{expected}`, found `{found}`")]
    Unexpected {
        /// What may stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// The id holds a control character, or is longer than 4,096 bytes.
    #[error("the resource id {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// What a resource id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKind {
    /// The tenant: `/`.
    Tenant,
    /// `/providers/Microsoft.Management/managementGroups/{name}`.
    ManagementGroup,
    /// `/subscriptions/{id}`.
    Subscription,
    /// `/subscriptions/{id}/resourceGroups/{name}`.
    ResourceGroup,
    /// A resource or nested child at any scope.
    Resource,
    /// A resource on another resource, such as a diagnostic setting or a lock.
    Extension,
}

/// A borrowed resource id that is known to be well formed. Equality, order and hash ignore case.
///
/// INVARIANT: `text` parses by the grammar of this module, `kind` and the offsets agree with it.
#[derive(Clone, Copy, Debug)]
pub struct IdRef<'a> {
    text: &'a str,
    kind: IdKind,
    /// End of the root scope (subscription, group, management group, tenant = 0).
    root_end: u32,
    /// Start of the last `/providers/` block (the whole length if there is none).
    provider_start: u32,
}

impl<'a> IdRef<'a> {
    /// Parses an id; allocates only for errors. One trailing slash is tolerated.
    ///
    /// # Errors
    /// [`IdError`] says what breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, IdError> {
        if text.len() > MAX_BYTES {
            return Err(IdError::Malformed { reason: "is longer than 4,096 bytes" });
        }
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(IdError::Malformed { reason: "holds a control character" });
        }
        if !text.starts_with('/') {
            return Err(IdError::NoLeadingSlash);
        }
        if text == "/" {
            return Ok(Self { text, kind: IdKind::Tenant, root_end: 0, provider_start: 1 });
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        let mut cursor = Cursor { text, at: 0 };
        let first = cursor.next()?.ok_or(IdError::EmptySegment { at: 1 })?;
        if first.eq_ignore_ascii_case("subscriptions") {
            cursor.value(first)?;
            let mut kind = IdKind::Subscription;
            let mut root_end = cursor.at;
            let mut next = cursor.next()?;
            if let Some(keyword) = next
                && keyword.eq_ignore_ascii_case("resourceGroups")
            {
                cursor.value(keyword)?;
                kind = IdKind::ResourceGroup;
                root_end = cursor.at;
                next = cursor.next()?;
            }
            match next {
                None => Ok(Self { text, kind, root_end: root_end as u32, provider_start: text.len() as u32 }),
                Some(keyword) if keyword.eq_ignore_ascii_case("providers") => {
                    Self::providers(text, cursor, root_end, root_end, false)
                }
                Some(found) => {
                    let expected = if kind == IdKind::Subscription {
                        "resourceGroups or providers"
                    } else {
                        "providers"
                    };
                    Err(IdError::Unexpected { expected, found: found.to_owned() })
                }
            }
        } else if first.eq_ignore_ascii_case("providers") {
            Self::providers(text, cursor, 0, 0, true)
        } else {
            Err(IdError::UnknownRoot { found: first.to_owned() })
        }
    }

    /// Reads provider blocks; `cursor` stands behind the first `providers`, which begins at `start`.
    fn providers(
        text: &'a str,
        mut cursor: Cursor<'a>,
        mut root_end: usize,
        mut start: usize,
        at_tenant: bool,
    ) -> Result<Self, IdError> {
        let mut kind = IdKind::Resource;
        loop {
            let namespace = cursor.value("providers")?;
            let mut pairs = 0_usize;
            let mut management_group = false;
            let mut next_block = false;
            while let Some(segment) = cursor.next()? {
                if pairs > 0 && segment.eq_ignore_ascii_case("providers") {
                    next_block = true;
                    break;
                }
                cursor.value(segment)?;
                pairs += 1;
                management_group = pairs == 1
                    && at_tenant
                    && start == 0
                    && namespace.eq_ignore_ascii_case("Microsoft.Management")
                    && segment.eq_ignore_ascii_case("managementGroups");
            }
            if pairs == 0 {
                return Err(IdError::MissingValue { keyword: namespace.to_owned() });
            }
            if !next_block {
                if management_group {
                    return Ok(Self {
                        text,
                        kind: IdKind::ManagementGroup,
                        root_end: text.len() as u32,
                        provider_start: text.len() as u32,
                    });
                }
                return Ok(Self { text, kind, root_end: root_end as u32, provider_start: start as u32 });
            }
            let block_start = cursor.at - "/providers".len();
            if management_group {
                root_end = block_start;
            } else {
                kind = IdKind::Extension;
            }
            start = block_start;
        }
    }

    /// The id as written (without a trailing slash).
    pub fn as_str(self) -> &'a str {
        self.text
    }

    /// What the id names.
    pub fn kind(self) -> IdKind {
        self.kind
    }

    /// The owned form.
    pub fn to_owned(self) -> ResourceId {
        ResourceId {
            text: self.text.into(),
            kind: self.kind,
            root_end: self.root_end,
            provider_start: self.provider_start,
        }
    }

    fn root(self) -> &'a str {
        &self.text[..self.root_end as usize]
    }

    /// The subscription's id, if the id lies in one.
    pub fn subscription_id(self) -> Option<&'a str> {
        let mut segments = self.root().split('/').skip(1);
        segments.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
        segments.next()
    }

    /// The resource group's name, if the id lies in one.
    pub fn resource_group(self) -> Option<&'a str> {
        self.root().split('/').nth(4).filter(|_| self.subscription_id().is_some())
    }

    /// The management group's name, if the id is one or lies on one.
    pub fn management_group(self) -> Option<&'a str> {
        if self.subscription_id().is_some() { None } else { self.root().split('/').nth(4) }
    }

    /// The last `providers` block without its keyword: `Microsoft.Network/virtualNetworks/hub`.
    fn provider_block(self) -> &'a str {
        self.text.get(self.provider_start as usize + "/providers/".len()..).unwrap_or_default()
    }

    /// The provider namespace of the resource named (for scopes the namespace that defines them).
    pub fn provider_namespace(self) -> &'a str {
        match self.kind {
            IdKind::ManagementGroup => "Microsoft.Management",
            IdKind::Tenant | IdKind::Subscription | IdKind::ResourceGroup => "Microsoft.Resources",
            IdKind::Resource | IdKind::Extension => {
                self.provider_block().split('/').next().unwrap_or_default()
            }
        }
    }

    /// The full type, for example `Microsoft.Network/virtualNetworks/subnets`.
    pub fn resource_type(self) -> ResourceType {
        match self.kind {
            IdKind::Tenant => ResourceType::new("Microsoft.Resources/tenants"),
            IdKind::ManagementGroup => ResourceType::new("Microsoft.Management/managementGroups"),
            IdKind::Subscription => ResourceType::new("Microsoft.Resources/subscriptions"),
            IdKind::ResourceGroup => ResourceType::new("Microsoft.Resources/subscriptions/resourceGroups"),
            IdKind::Resource | IdKind::Extension => {
                let block = self.provider_block();
                let mut text = String::with_capacity(block.len());
                for (index, segment) in block.split('/').enumerate() {
                    if index == 0 {
                        text.push_str(segment);
                    } else if index % 2 == 1 {
                        text.push('/');
                        text.push_str(segment);
                    }
                }
                ResourceType::new(&text)
            }
        }
    }

    /// Whether the id is of the type `wanted`, without regard to case and without allocation.
    pub fn is_type(self, wanted: &str) -> bool {
        match self.kind {
            IdKind::Resource | IdKind::Extension => {
                let mut have = self
                    .provider_block()
                    .split('/')
                    .enumerate()
                    .filter(|(index, _)| *index == 0 || index % 2 == 1);
                let mut want = wanted.split('/');
                loop {
                    match (have.next(), want.next()) {
                        (None, None) => return true,
                        (Some((_, left)), Some(right)) if eq_fold(left, right) => {}
                        _ => return false,
                    }
                }
            }
            _ => self.resource_type().is(wanted),
        }
    }

    /// The last name; for the tenant the empty text.
    pub fn name(self) -> &'a str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The id one level up: the parent resource of a nested child, else the scope that holds the id.
    /// A management group's or subscription's parent is not in its id, so both give the tenant.
    pub fn parent(self) -> Option<IdRef<'a>> {
        let up = match self.kind {
            IdKind::Tenant => return None,
            IdKind::ManagementGroup | IdKind::Subscription => "/",
            IdKind::ResourceGroup => {
                let end = self.text.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at);
                &self.text[..end]
            }
            IdKind::Resource | IdKind::Extension => {
                let segments = self.provider_block().split('/').count();
                if segments > 3 {
                    let end = self.text.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at);
                    &self.text[..end]
                } else {
                    match &self.text[..self.provider_start as usize] {
                        "" => "/",
                        scope => scope,
                    }
                }
            }
        };
        IdRef::parse(up).ok()
    }

    /// The scope at the root of the id: the tenant, a management group, a subscription or a resource group.
    pub fn scope(self) -> IdRef<'a> {
        let text = match self.root() {
            "" => "/",
            root => root,
        };
        IdRef::parse(text).unwrap_or(IdRef {
            text: "/",
            kind: IdKind::Tenant,
            root_end: 0,
            provider_start: 1,
        })
    }

    /// The id itself, then each parent up to the tenant.
    pub fn scope_chain(self) -> ScopeChain<'a> {
        ScopeChain { next: Some(self) }
    }

    /// Whether `self` is `scope` or lies below it by its text (whole segments, case ignored). Management
    /// group membership of subscriptions is not in the text: ask the estate's hierarchy for that.
    pub fn is_within(self, scope: IdRef<'_>) -> bool {
        if scope.kind == IdKind::Tenant {
            return true;
        }
        match self.text.get(..scope.text.len()) {
            Some(head) if self.text.is_ascii() || scope.text.is_ascii() => {
                eq_fold(head, scope.text)
                    && matches!(self.text.as_bytes().get(scope.text.len()), None | Some(b'/'))
            }
            _ => {
                let (inner, outer) = (fold(self.text), fold(scope.text));
                inner.strip_prefix(&*outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// The canonical text: keywords in their documented spelling, GUIDs in lower case, names as written.
    pub fn canonical(self) -> String {
        if self.kind == IdKind::Tenant {
            return "/".to_owned();
        }
        let mut out = String::with_capacity(self.text.len());
        let root_end = self.root_end as usize;
        let mut offset = 0;
        for (index, segment) in self.text.split('/').enumerate().skip(1) {
            let start = offset + 1;
            offset = start + segment.len();
            out.push('/');
            let in_root = start < root_end;
            let text = if in_root && index % 2 == 1 {
                canonical_keyword(segment)
            } else if segment.eq_ignore_ascii_case("providers") && !in_root {
                "providers"
            } else if in_root && segment.eq_ignore_ascii_case("Microsoft.Management") {
                "Microsoft.Management"
            } else {
                segment
            };
            if is_guid(text) {
                out.push_str(&text.to_ascii_lowercase());
            } else {
                out.push_str(text);
            }
        }
        out
    }
}

fn canonical_keyword(segment: &str) -> &str {
    ["subscriptions", "resourceGroups", "providers", "managementGroups"]
        .into_iter()
        .find(|keyword| segment.eq_ignore_ascii_case(keyword))
        .unwrap_or(segment)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

struct Cursor<'a> {
    text: &'a str,
    /// End of what was read; `text[at]` is a slash or the end.
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, IdError> {
        if self.at >= self.text.len() {
            return Ok(None);
        }
        let start = self.at + 1;
        let rest = &self.text[start..];
        let segment = rest.split('/').next().unwrap_or_default();
        if segment.is_empty() {
            return Err(IdError::EmptySegment { at: start });
        }
        self.at = start + segment.len();
        Ok(Some(segment))
    }

    fn value(&mut self, keyword: &str) -> Result<&'a str, IdError> {
        self.next()?.ok_or_else(|| IdError::MissingValue { keyword: keyword.to_owned() })
    }
}

impl PartialEq for IdRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        eq_fold(self.text, other.text)
    }
}

impl Eq for IdRef<'_> {}

impl PartialOrd for IdRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IdRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        fold(self.text).cmp(&fold(other.text))
    }
}

impl Hash for IdRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fold_hash(self.text, state);
    }
}

impl fmt::Display for IdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical())
    }
}

/// An owned resource id; see [`IdRef`] for its questions.
#[derive(Clone, Debug)]
pub struct ResourceId {
    text: Box<str>,
    kind: IdKind,
    root_end: u32,
    provider_start: u32,
}

impl ResourceId {
    /// Parses an id.
    ///
    /// # Errors
    /// [`IdError`] says what breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        IdRef::parse(text).map(IdRef::to_owned)
    }

    /// The tenant, `/`.
    pub fn tenant() -> Self {
        Self { text: "/".into(), kind: IdKind::Tenant, root_end: 0, provider_start: 1 }
    }

    /// The borrowed form, which answers all questions about the id.
    pub fn as_ref(&self) -> IdRef<'_> {
        IdRef {
            text: &self.text,
            kind: self.kind,
            root_end: self.root_end,
            provider_start: self.provider_start,
        }
    }

    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// Iterator over an id and its parents, ending with the tenant.
#[derive(Clone, Debug)]
pub struct ScopeChain<'a> {
    next: Option<IdRef<'a>>,
}

impl<'a> Iterator for ScopeChain<'a> {
    type Item = IdRef<'a>;

    fn next(&mut self) -> Option<IdRef<'a>> {
        let current = self.next?;
        self.next = current.parent();
        Some(current)
    }
}
