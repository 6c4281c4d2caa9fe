//! The rules: what each looks for, why, and what to do.

use azimuth_diag::Severity;

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The code that its findings carry.
    pub code: &'static str,
    /// How much its findings matter.
    pub severity: Severity,
    /// What it looks at.
    pub subject: &'static str,
    /// What is wrong, in one line.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
}

use Severity::{Error, Note, Warning};

const fn rule(
    code: &'static str,
    severity: Severity,
    subject: &'static str,
    title: &'static str,
    why: &'static str,
    fix: &'static str,
) -> Rule {
    Rule { code, severity, subject, title, why, fix }
}

/// All rules, by what they look at.
pub static RULES: &[Rule] = &[
    rule(
        "policy-never-holds",
        Error,
        "definition",
        "the condition of the rule can hold for no resource",
        "The policy never does anything. Two of its conditions exclude each other, such as two types at once or a field that belongs to another type.",
        "Put conditions of which one is enough into `anyOf`, or drop the one that does not belong.",
    ),
    rule(
        "policy-dead-condition",
        Warning,
        "definition",
        "a branch can never decide anything",
        "What is written there is never the reason for a decision: it contradicts conditions around it, or the values that a parameter allows.",
        "Remove the branch, or correct the value that it compares with.",
    ),
    rule(
        "policy-constant-condition",
        Warning,
        "definition",
        "a comparison has the same outcome for every resource",
        "It reads as if it restricted the policy, and does not (or restricts it to nothing).",
        "Remove the comparison, or compare what was meant.",
    ),
    rule(
        "policy-duplicate-condition",
        Warning,
        "definition",
        "the same condition stands twice in one group",
        "The second changes nothing; often a copy was meant to be edited.",
        "Remove one of the two, or correct the copy.",
    ),
    rule(
        "policy-unknown-alias",
        Warning,
        "definition",
        "the alias is not in the catalogue",
        "An alias that does not exist makes the service refuse the definition; where the list of a type is incomplete, its place is guessed.",
        "Correct the spelling, or give provider data with `--aliases` if the alias is new.",
    ),
    rule(
        "policy-alias-guessed",
        Note,
        "definition",
        "the place of the alias is guessed",
        "The bundled catalogue holds most of what built-in definitions use. The place of another alias is derived by rule of thumb: members of the envelope at the root, the rest below `properties`. Where that is not so, the field is never there and the policy decides by its absence.",
        "Give provider data with `--aliases`, here and where the policy is decided.",
    ),
    rule(
        "policy-wildcard-literal",
        Warning,
        "definition",
        "a `*` is compared literally",
        "Only `like` and `notLike` know wildcards. With `equals` or `in` a star is an ordinary character, which names, types and locations never contain.",
        "Use `like`, or `anyOf` with one `like` for each pattern.",
    ),
    rule(
        "policy-like-without-wildcard",
        Note,
        "definition",
        "`like` without `*` is `equals`",
        "The reader looks for a wildcard that is not there.",
        "Write `equals`, or add the `*` that is missing.",
    ),
    rule(
        "policy-every-member",
        Note,
        "definition",
        "the condition also holds when the array is empty",
        "A comparison on `[*]` holds when every member meets it, and an empty array has no member that does not.",
        "If one member is to meet it, use `count` with `where` and `greater` 0; if all are, add a condition that there are some.",
    ),
    rule(
        "policy-mode-indexed",
        Warning,
        "definition",
        "the mode Indexed leaves out every type that the rule names",
        "With the mode Indexed only types with tags and location are looked at, so the policy never applies.",
        "Use the mode All.",
    ),
    rule(
        "policy-parameter-unused",
        Warning,
        "definition",
        "the parameter is used nowhere",
        "Whoever assigns the policy sets a value that changes nothing.",
        "Use the parameter, or remove it.",
    ),
    rule(
        "policy-parameter-missing",
        Error,
        "definition",
        "a parameter is used that does not exist",
        "Evaluation fails for every resource, which denies requests.",
        "Declare the parameter, or correct its name.",
    ),
    rule(
        "policy-parameter-impossible",
        Error,
        "definition",
        "the parameter can have no value",
        "An empty list of allowed values admits nothing, so the definition cannot be assigned.",
        "List the values that are allowed, or remove `allowedValues`.",
    ),
    rule(
        "policy-effect-not-effect",
        Error,
        "definition",
        "the effect can be a word that is no effect",
        "An assignment with that value fails for every resource.",
        "Allow names of effects only.",
    ),
    rule(
        "policy-effect-fixed",
        Note,
        "definition",
        "the effect is no parameter",
        "Such a policy cannot be tried out with audit before it denies, nor be switched off in an initiative, without being edited.",
        "Add a parameter `effect` with the effects that make sense and `Disabled`, and use `[parameters('effect')]`.",
    ),
    rule(
        "policy-effect-no-disabled",
        Note,
        "definition",
        "the effect cannot be switched off by parameter",
        "An initiative that contains the policy cannot leave it out for one assignment.",
        "Add `Disabled` to the allowed values of the effect's parameter.",
    ),
    rule(
        "policy-existence-missing",
        Note,
        "definition",
        "any related resource is enough",
        "Without `existenceCondition` an IfNotExists policy is content with every resource of the type, however it is set up.",
        "Add `existenceCondition` with what the related resource has to be like.",
    ),
    rule(
        "policy-evaluation-delay",
        Warning,
        "definition",
        "`evaluationDelay` is not understood",
        "It is `AfterProvisioning`, `AfterProvisioningSuccess`, `AfterProvisioningFailure` or an ISO 8601 duration up to six hours, and means something with IfNotExists effects only.",
        "Correct or remove it.",
    ),
    rule(
        "policy-role-format",
        Warning,
        "definition",
        "a role is not named by its id",
        "Remediation grants the roles of `roleDefinitionIds` to the assignment's identity; a name or a bare GUID grants nothing.",
        "Write `/providers/Microsoft.Authorization/roleDefinitions/` and the GUID of the role.",
    ),
    rule(
        "policy-modify-unknown",
        Note,
        "definition",
        "it is not known whether the alias can be modified",
        "Modify works only on aliases that their provider marks as modifiable; on others every request that the policy touches is denied.",
        "Check with `az provider list --expand \"resourceTypes/aliases\"` and pass the file with `--aliases`.",
    ),
    rule(
        "initiative-definition-missing",
        Warning,
        "initiative",
        "a custom definition is not among the files",
        "Nothing can be said about what the initiative hands to it.",
        "Add its file, or correct the id.",
    ),
    rule(
        "initiative-parameter-unknown",
        Error,
        "initiative",
        "a value is handed to a parameter that does not exist",
        "The service refuses the initiative.",
        "Correct the name, or remove the value.",
    ),
    rule(
        "initiative-parameter-required",
        Error,
        "initiative",
        "a parameter without default gets no value",
        "The service refuses the initiative.",
        "Hand on a value, best one of the initiative's own parameters.",
    ),
    rule(
        "initiative-parameter-type",
        Error,
        "initiative",
        "the value handed on does not fit the parameter",
        "The assignment fails, or the policy fails for every resource.",
        "Hand on a value of the right type that the definition allows.",
    ),
    rule(
        "initiative-parameter-allowed",
        Warning,
        "initiative",
        "the initiative allows values that the definition refuses",
        "Whoever assigns the initiative can pick a value with which the assignment fails.",
        "Give the initiative's parameter the allowed values of the definition.",
    ),
    rule(
        "initiative-parameter-undefined",
        Error,
        "initiative",
        "a parameter of the initiative is used that does not exist",
        "The service refuses the initiative.",
        "Declare the parameter, or correct its name.",
    ),
    rule(
        "initiative-parameter-unused",
        Warning,
        "initiative",
        "a parameter of the initiative is handed to nothing",
        "Whoever assigns the initiative sets a value that changes nothing.",
        "Hand the parameter on, or remove it.",
    ),
    rule(
        "initiative-group-unknown",
        Error,
        "initiative",
        "a group is named that is not declared",
        "The service refuses the initiative.",
        "Add the group to `policyDefinitionGroups`, or correct its name.",
    ),
    rule(
        "initiative-duplicate-reference",
        Note,
        "initiative",
        "the same definition stands twice with the same values",
        "Every resource is judged and counted twice.",
        "Remove one of the two references.",
    ),
    rule(
        "assignment-problem",
        Error,
        "assignment",
        "the service would refuse the assignment",
        "What is wrong stands in the message.",
        "Correct what the message names.",
    ),
    rule(
        "assignment-definition-missing",
        Warning,
        "assignment",
        "what is assigned is not among the files",
        "Nothing can be said about its parameters and effects.",
        "Add its file, or correct the id. Built-in definitions are not reported.",
    ),
    rule(
        "assignment-parameter",
        Error,
        "assignment",
        "the parameter values do not fit what is assigned",
        "The service refuses the assignment.",
        "Correct the values.",
    ),
    rule(
        "assignment-identity-missing",
        Error,
        "assignment",
        "the assignment has no identity to remediate with",
        "Policies with modify or deployIfNotExists act through the assignment's identity. Without one nothing is ever remediated.",
        "Add `identity` and `location`, and grant the roles of the definition.",
    ),
    rule(
        "assignment-not-enforced",
        Note,
        "assignment",
        "the assignment is not enforced",
        "It is evaluated and reported, and lets every request pass.",
        "Set `enforcementMode` to `Default` when the trial is over.",
    ),
    rule(
        "assignment-disabled",
        Note,
        "assignment",
        "the assignment does nothing, for its effect is Disabled",
        "It looks as if a practice were enforced that is not.",
        "Set another effect, or remove the assignment.",
    ),
    rule(
        "assignment-shadowed",
        Warning,
        "assignment",
        "another assignment above does the same already",
        "Every resource is judged twice, and editing one of the two has no visible effect.",
        "Remove the one below, or make it differ.",
    ),
    rule(
        "assignment-override-unmatched",
        Warning,
        "assignment",
        "an override is about no policy of the initiative",
        "The effect that it was meant to change stays as it was.",
        "Correct the reference, or remove the override.",
    ),
    rule(
        "assignment-message-unmatched",
        Warning,
        "assignment",
        "a message is for no policy of the initiative",
        "Nobody will ever read it.",
        "Correct `policyDefinitionReferenceId`, or remove the message.",
    ),
    rule(
        "assignment-modify-conflict",
        Error,
        "assignment",
        "two assignments set one field to different values",
        "Where both apply and both have the conflict effect deny, every request is denied; otherwise one of the two never acts.",
        "Set the field in one place, or give one of them `conflictEffect` audit.",
    ),
    rule(
        "exemption-problem",
        Error,
        "exemption",
        "the service would refuse the exemption",
        "What is wrong stands in the message.",
        "Correct what the message names.",
    ),
    rule(
        "exemption-expired",
        Warning,
        "exemption",
        "the exemption has ended",
        "It exempts nothing any more; what it covered counts again.",
        "Remove it, or renew it if the reason still holds.",
    ),
    rule(
        "exemption-without-end",
        Note,
        "exemption",
        "the exemption never ends",
        "Nobody will look again whether its reason still holds.",
        "Set `expiresOn`.",
    ),
    rule(
        "exemption-assignment-missing",
        Warning,
        "exemption",
        "the assignment is not among the files",
        "An exemption from an assignment that is gone exempts nothing.",
        "Correct `policyAssignmentId`, or remove the exemption.",
    ),
    rule(
        "exemption-reference-unknown",
        Warning,
        "exemption",
        "a reference is named that the initiative does not have",
        "The policy that was meant still applies.",
        "Correct `policyDefinitionReferenceIds`.",
    ),
    rule(
        "exemption-outside-scope",
        Warning,
        "exemption",
        "the assignment does not apply where the exemption is",
        "It exempts nothing: its scope is neither the assignment's nor below it, or is left out by `notScopes`.",
        "Move it below the assignment's scope, or remove it.",
    ),
];

impl Rule {
    /// What to do, as a hint: one sentence after another, in lower case and without a full stop.
    pub fn hint(&self) -> String {
        let text = self.fix.trim_end_matches('.').replace(". ", "; ");
        let mut letters = text.chars();
        letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
    }
}

/// The rule of a code, in any letter case.
pub fn rule_of(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

/// The page of all rules, in Markdown.
pub fn rules_page() -> String {
    let mut out = String::from(
        "# Rules of `azimuth policy lint`\n\n\
         This page is made of the rules themselves; a test keeps it true.\n\n\
         | code | severity | about | finding |\n|---|---|---|---|\n",
    );
    for rule in RULES {
        out.push_str(&format!(
            "| [`{}`](#{}) | {} | {} | {} |\n",
            rule.code,
            rule.code,
            severity_name(rule.severity),
            rule.subject,
            rule.title
        ));
    }
    out.push_str(
        "\nBesides these, everything that reading a definition finds wrong is reported under its own code \
         (`policy-condition`, `policy-operand`, `policy-function`, `policy-details`, …), always as an error that the service \
         would raise too, or a warning.\n",
    );
    for rule in RULES {
        out.push_str(&format!(
            "\n## {}\n\n{} ({}, {}).\n\n{}\n\n{}\n",
            rule.code,
            sentence(rule.title),
            severity_name(rule.severity),
            rule.subject,
            rule.why,
            rule.fix
        ));
    }
    out
}

/// The name of a severity.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Error => "error",
        Warning => "warning",
        Note => "note",
    }
}

fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    match letters.next() {
        Some(first) if first != '`' => first.to_uppercase().chain(letters).collect(),
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_texts_are_whole() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(RULES[..index].iter().all(|other| other.code != rule.code), "{}", rule.code);
            assert!(rule.code.starts_with(rule.subject) || rule.code.starts_with("policy-"), "{}", rule.code);
            assert!(rule.why.ends_with('.') && rule.fix.ends_with('.'), "{}", rule.code);
            assert!(!rule.title.ends_with('.') && !rule.title.contains('\n'), "{}", rule.code);
        }
    }
}
