//! What can be asked of `azimuth identity password`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum PasswordCommand {
    /// Judge the passwords on standard input, one a line; they are neither shown, kept nor sent anywhere
    Check(Box<PasswordCheckArgs>),
    /// Say what is wrong with a custom list of banned terms
    CustomList {
        /// A file with one term a line, or terms parted by tabs
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PasswordCheckArgs {
    /// Which rules for length and characters
    #[arg(long, value_enum, default_value_t = PasswordProfile::Entra, value_name = "PROFILE")]
    pub(crate) profile: PasswordProfile,
    /// Banned terms instead of the bundled ones, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) global_list: Option<PathBuf>,
    /// The tenant's own banned terms, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) custom_list: Option<PathBuf>,
    /// The user's first name
    #[arg(long, value_name = "NAME")]
    pub(crate) given_name: Option<String>,
    /// The user's last name
    #[arg(long, value_name = "NAME")]
    pub(crate) surname: Option<String>,
    /// The name of the tenant
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant_name: Option<String>,
    /// Judge as the agent on a domain controller does
    #[arg(long)]
    pub(crate) on_premises: bool,
    /// Hashes of breached passwords: a file ordered by hash (`HASH:COUNT`), or a folder of range files named by five digits
    #[arg(long, value_name = "PATH")]
    pub(crate) breached: Option<PathBuf>,
    /// Exit with 1 if a password is refused
    #[arg(long, value_enum, default_value_t = PasswordFailOn::Never, value_name = "VERDICT")]
    pub(crate) fail_on: PasswordFailOn,
    /// How to show the verdicts
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

/// Rules for length and characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PasswordProfile {
    /// The password policy of Microsoft Entra
    Entra,
    /// NIST SP 800-63B-4, the password alone: 15 characters
    Nist,
    /// NIST SP 800-63B-4 with a second factor besides: 8 characters
    NistMfa,
}

/// When a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PasswordFailOn {
    /// Never
    Never,
    /// When a password is refused by a rule, a list or a breach
    Refused,
}
