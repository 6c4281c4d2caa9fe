//! `azimuth identity`: Conditional Access, passwords, risk, and how far multifactor authentication reaches.

mod access;
mod mfa;
mod password;
mod risk;
mod rows;

use crate::args::IdentityCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(command: IdentityCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        IdentityCommand::Password(command) => password::run(&command, ui),
        IdentityCommand::Risk(command) => risk::run(*command, ui),
        IdentityCommand::Mfa(args) => mfa::run(&args, ui),
        IdentityCommand::Access(command) => access::run(&command),
    }
}
