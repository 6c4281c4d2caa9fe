//! Banned passwords: Microsoft Entra password protection.

use super::distance::within_one_edit;
use super::normalise::normalised;
use super::score::{POINTS_NEEDED, Score, score};

/// Names and terms shorter than this are not looked for in a password.
const SHORTEST_NAME: usize = 4;

/// The two lists of a tenant, ready for checks. A check costs time in the number of terms times the length.
#[derive(Clone, Debug, Default)]
pub struct BannedPasswords {
    global: Vec<Vec<char>>,
    both: Vec<Vec<char>>,
    custom: Vec<Vec<char>>,
}

/// Where the password is set; domain controllers know no tenant name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In the cloud: change, reset or a new user.
    #[default]
    Cloud,
    /// On a domain controller with the agent.
    DomainController,
}

/// The names that a password may not contain.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The user's first name.
    pub given_name: Option<&'a str>,
    /// The user's last name.
    pub surname: Option<&'a str>,
    /// The display name of the tenant.
    pub tenant: Option<&'a str>,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `None` if the password is accepted.
    pub rejected: Option<Reason>,
    /// Points, with the terms that were found. Names and near misses reject whatever the points.
    pub score: Score,
}

/// Why a password is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It contains this name.
    Name(Name),
    /// As a whole it is within one edit of a term of this list.
    NearTerm(Banned),
    /// It has fewer points than [`POINTS_NEEDED`]; a term of this list weighs in.
    TooFewPoints(Banned),
}

/// Which name a password contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The user's first name.
    Given,
    /// The user's last name.
    Surname,
    /// The tenant's name.
    Tenant,
}

/// The list that a term stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banned {
    /// The global list, or no list: the password is just short.
    Global,
    /// The tenant's own list.
    Custom,
}

impl Verdict {
    /// True if the password may be used.
    pub fn is_accepted(&self) -> bool {
        self.rejected.is_none()
    }
}

impl Reason {
    /// What the user is told, close to the three messages of Entra.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Name(_) => {
                "the password contains a name that makes it easy to guess; choose one without it"
            }
            Self::NearTerm(Banned::Custom) | Self::TooFewPoints(Banned::Custom) => {
                "the password contains a word, phrase or pattern blocked by your administrator; choose another"
            }
            Self::NearTerm(Banned::Global) => {
                "that password has been seen too many times before; choose something harder to guess"
            }
            Self::TooFewPoints(Banned::Global) => {
                "the password contains a word, phrase or pattern that makes it easily guessable; choose another"
            }
        }
    }
}

impl BannedPasswords {
    /// Lists that are checked from now on. Without a custom list in force, `custom` is empty. Empty terms are left out.
    pub fn new<'a, 'b>(
        global: impl IntoIterator<Item = &'a str>,
        custom: impl IntoIterator<Item = &'b str>,
    ) -> Self {
        let (global, custom) = (characters(global), characters(custom));
        let both = global.iter().chain(&custom).cloned().collect();
        Self { global, both, custom }
    }

    /// Decides about a password in three steps, as the documentation of password protection does: names, edit distance
    /// of the whole, points.
    pub fn check(&self, password: &str, names: &Names<'_>, place: Place) -> Verdict {
        let spelling = normalised(password);
        let password: Vec<char> = spelling.chars().collect();
        let score = score(&password, &self.both);
        let rejected = contained_name(&spelling, names, place)
            .map(Reason::Name)
            .or_else(|| self.near_term(&password).map(Reason::NearTerm))
            .or_else(|| self.too_few_points(&score).map(Reason::TooFewPoints));
        Verdict { rejected, score }
    }

    fn near_term(&self, password: &[char]) -> Option<Banned> {
        let near = |terms: &[Vec<char>]| terms.iter().any(|term| within_one_edit(password, term));
        if near(&self.custom) {
            return Some(Banned::Custom);
        }
        near(&self.global).then_some(Banned::Global)
    }

    fn too_few_points(&self, score: &Score) -> Option<Banned> {
        if score.points >= POINTS_NEEDED {
            return None;
        }
        let is_custom =
            |found: &String| self.custom.iter().any(|term| term.iter().copied().eq(found.chars()));
        Some(if score.terms.iter().any(is_custom) { Banned::Custom } else { Banned::Global })
    }
}

fn characters<'a>(terms: impl IntoIterator<Item = &'a str>) -> Vec<Vec<char>> {
    let spelled = terms.into_iter().map(|term| normalised(term.trim()).chars().collect::<Vec<_>>());
    spelled.filter(|term| !term.is_empty()).collect()
}

fn contained_name(password: &str, names: &Names<'_>, place: Place) -> Option<Name> {
    let tenant = names.tenant.filter(|_| place == Place::Cloud);
    let named = [(Name::Given, names.given_name), (Name::Surname, names.surname), (Name::Tenant, tenant)];
    named.into_iter().find_map(|(name, text)| {
        let text = normalised(text?.trim());
        (text.chars().count() >= SHORTEST_NAME && password.contains(&text)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(password: &str, names: Names<'_>, place: Place, expected: Option<&Reason>) {
        let lists = BannedPasswords::new(["blank", "abcdef", ""], ["Contoso"]);
        assert_eq!(lists.check(password, &names, place).rejected.as_ref(), expected);
    }

    #[test]
    fn near_terms_are_rejected_and_say_from_which_list() {
        let none = Names::default();
        check("abcdeg", none, Place::Cloud, Some(&Reason::NearTerm(Banned::Global)));
        check("!Contoso", none, Place::Cloud, Some(&Reason::NearTerm(Banned::Custom)));
        check("C0ntos0Blank12", none, Place::Cloud, Some(&Reason::TooFewPoints(Banned::Custom)));
        check("ContoS0Bl@nkf9!", none, Place::Cloud, None);
        check("", none, Place::Cloud, Some(&Reason::TooFewPoints(Banned::Global)));
    }

    #[test]
    fn names_reject_whatever_the_points() {
        let names = Names { given_name: Some("Poll"), surname: Some("Ng"), tenant: Some("Fabrikam") };
        check("p0LL23fb", names, Place::Cloud, Some(&Reason::Name(Name::Given)));
        check("Hong-7-kettles", names, Place::Cloud, None);
        check("FABRIKAM-77-zz", names, Place::Cloud, Some(&Reason::Name(Name::Tenant)));
        check("FABRIKAM-77-zz", names, Place::DomainController, None);
    }
}
