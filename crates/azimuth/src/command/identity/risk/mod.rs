//! `azimuth identity risk`: reports computed from sign-in logs, and decisions about them.

mod act;
mod catalogue;
mod replay;
mod report;

use crate::args::RiskCommand;
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(command: RiskCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        RiskCommand::Users(args) => report::users(&args, ui),
        RiskCommand::ServicePrincipals(args) => report::service_principals(&args, ui),
        RiskCommand::SignIns(args) => report::sign_ins(&args, ui),
        RiskCommand::Detections(args) => report::detections(&args, ui),
        RiskCommand::History { user, report } => report::history(&user, &report, ui),
        RiskCommand::Summary(args) => report::summary(&args, ui),
        RiskCommand::Act(args) => act::run(&args, ui),
        RiskCommand::Catalogue { format } => catalogue::run(format),
    }
}
