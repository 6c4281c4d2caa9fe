//! What a password must look like: the directory's policy, and the rules of NIST SP 800-63B-4 beside it.

/// Which rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The password policy of Microsoft Entra for cloud accounts.
    Entra(EntraRules),
    /// NIST SP 800-63B-4: length alone, no composition rules.
    Nist(NistRules),
}

/// What a tenant or a user may switch in Entra's policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntraRules {
    /// Education tenants ask for no categories.
    pub is_education: bool,
    /// The user's `passwordPolicies` hold `DisableStrongPassword`.
    pub allows_weak: bool,
}

/// What the password is used for under NIST.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NistRules {
    /// A second factor is always asked besides: eight characters do, otherwise fifteen.
    pub with_second_factor: bool,
}

/// Why the password is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// The user changes it and has given the current one.
    Change {
        /// The current password, `None` if it is not known.
        current: Option<&'a str>,
    },
    /// It was forgotten, or an administrator sets it; it may be the old one again.
    Reset,
}

/// A rule that the password breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It has fewer characters than this.
    TooShort(usize),
    /// It has more characters than this.
    TooLong(usize),
    /// It has a character outside of the printing ASCII characters and space.
    CharacterNotAllowed,
    /// It has fewer than three of lower case, upper case, digits and symbols.
    Complexity,
    /// It is the current password.
    SameAsCurrent,
}

impl Violation {
    /// The word under which reports list the violation, such as `tooShort`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooShort(_) => "tooShort",
            Self::TooLong(_) => "tooLong",
            Self::CharacterNotAllowed => "characterNotAllowed",
            Self::Complexity => "complexity",
            Self::SameAsCurrent => "sameAsCurrent",
        }
    }

    /// What the user is told.
    pub fn message(self) -> String {
        match self {
            Self::TooShort(least) => format!("the password has fewer than {least} characters; lengthen it"),
            Self::TooLong(most) => format!("the password has more than {most} characters; shorten it"),
            Self::CharacterNotAllowed => {
                "the password has a character that is not allowed; use letters, digits, symbols and blanks of ASCII"
                    .to_owned()
            }
            Self::Complexity => {
                "the password needs three of lower case letters, upper case letters, digits and symbols".to_owned()
            }
            Self::SameAsCurrent => "the password is the current one; choose another".to_owned(),
        }
    }
}

const ENTRA_SHORTEST: usize = 8;
/// Both profiles stop here; NIST asks for at least 64.
const LONGEST: usize = 256;
const NIST_SHORTEST: usize = 15;
const NIST_SHORTEST_WITH_SECOND_FACTOR: usize = 8;
const CATEGORIES_NEEDED: usize = 3;

/// Every rule of the profile that the password breaks, in the order of [`Violation`]; a character is a code point.
pub fn violations(password: &str, profile: Profile, operation: Operation<'_>) -> Vec<Violation> {
    let least = match profile {
        Profile::Entra(_) => ENTRA_SHORTEST,
        Profile::Nist(NistRules { with_second_factor: true }) => NIST_SHORTEST_WITH_SECOND_FACTOR,
        Profile::Nist(NistRules { with_second_factor: false }) => NIST_SHORTEST,
    };
    let length = password.chars().count();
    let mut violations = Vec::new();
    if length < least {
        violations.push(Violation::TooShort(least));
    }
    if length > LONGEST {
        violations.push(Violation::TooLong(LONGEST));
    }
    if let Profile::Entra(rules) = profile {
        let is_allowed = |character: char| character == ' ' || character.is_ascii_graphic();
        if !password.chars().all(is_allowed) {
            violations.push(Violation::CharacterNotAllowed);
        }
        let asks_for_categories = !rules.is_education && !rules.allows_weak;
        if asks_for_categories && categories(password) < CATEGORIES_NEEDED {
            violations.push(Violation::Complexity);
        }
    }
    if matches!(operation, Operation::Change { current: Some(current) } if current == password) {
        violations.push(Violation::SameAsCurrent);
    }
    violations
}

/// How many of lower case, upper case, digits and symbols the password has; a blank is a symbol.
fn categories(password: &str) -> usize {
    let has = |fits: fn(&char) -> bool| usize::from(password.chars().any(|character| fits(&character)));
    let is_symbol = |character: &char| *character == ' ' || character.is_ascii_punctuation();
    has(char::is_ascii_lowercase) + has(char::is_ascii_uppercase) + has(char::is_ascii_digit) + has(is_symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRA: Profile = Profile::Entra(EntraRules { is_education: false, allows_weak: false });

    #[track_caller]
    fn check(password: &str, profile: Profile, expected: &[Violation]) {
        assert_eq!(violations(password, profile, Operation::Change { current: None }), expected);
    }

    #[test]
    fn entra_asks_for_length_ascii_and_categories() {
        check("Xk7#mQ2p", ENTRA, &[]);
        check("Xk7#mQ2", ENTRA, &[Violation::TooShort(8)]);
        check(&"Xk7#".repeat(65), ENTRA, &[Violation::TooLong(256)]);
        check("Xk7#mQ2p🔑", ENTRA, &[Violation::CharacterNotAllowed]);
        check("Xk7#mQ\t2p", ENTRA, &[Violation::CharacterNotAllowed]);
        check("xkqm zvw", ENTRA, &[Violation::Complexity]);
        check("xkq", ENTRA, &[Violation::TooShort(8), Violation::Complexity]);
    }

    #[test]
    fn education_and_weak_passwords_need_no_categories() {
        check("xkqmzvwr", Profile::Entra(EntraRules { is_education: true, allows_weak: false }), &[]);
        check("xkqmzvwr", Profile::Entra(EntraRules { is_education: false, allows_weak: true }), &[]);
    }

    #[test]
    fn nist_asks_for_length_alone() {
        let alone = Profile::Nist(NistRules { with_second_factor: false });
        check("fünf große Äpfel", alone, &[]);
        check("kurz", alone, &[Violation::TooShort(15)]);
        check("achtzwei", Profile::Nist(NistRules { with_second_factor: true }), &[]);
    }

    #[test]
    fn only_a_change_must_differ() {
        let same = Operation::Change { current: Some("Xk7#mQ2p") };
        assert_eq!(violations("Xk7#mQ2p", ENTRA, same), [Violation::SameAsCurrent]);
        assert_eq!(violations("Xk7#mQ2p", ENTRA, Operation::Reset), []);
    }
}
