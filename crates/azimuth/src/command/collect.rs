//! `azimuth collect`: a live tenant into export files.

use azimuth_collector::{Cloud, Credential, Options, Summary};

use super::output;
use crate::args::{CloudName, CollectArgs, CredentialKind};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

pub(crate) fn run(args: CollectArgs, ui: Ui) -> Result<Exit, Failure> {
    if args.dry_run {
        return dry_run(&args);
    }
    let credential = credential(&args)?;
    let cloud = match args.cloud {
        CloudName::Public => Cloud::Public,
        CloudName::UsGovernment => Cloud::UsGovernment,
        CloudName::China => Cloud::China,
    };
    let mut options = Options::new(&args.out);
    options.endpoints = cloud.endpoints();
    options.tenant = args.tenant;
    options.subscriptions = args.subscription;
    options.only = args.only;
    options.skip = args.skip;
    options.fresh = args.fresh;
    options.concurrency = args.concurrency.clamp(1, 64);
    if let Some(endpoint) = args.arm_endpoint {
        options.endpoints.arm = endpoint;
    }
    if let Some(endpoint) = args.graph_endpoint {
        options.endpoints.graph = endpoint;
    }
    if let Some(authority) = args.authority {
        options.endpoints.authority = authority;
    }
    let cancellation = options.cancellation.clone();
    ctrlc::set_handler(move || cancellation.cancel())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bar = ui.bar("collecting", 0, false);
    let result = runtime.block_on(azimuth_collector::collect(&options, &credential, &|progress| {
        bar.set_length(progress.planned);
        bar.set_position(progress.done);
        bar.set_message(progress.area.clone());
    }));
    bar.finish_and_clear();
    let summary = result.map_err(|error| {
        Failure::new(Exit::Outside, error).hint(
            "sign in with `az login`, or choose another `--credential`; docs/collect.md lists the rights",
        )
    })?;
    output::to(None, |out| write_summary(out, &summary, &args.out))?;
    Ok(if summary.stopped || summary.complete == 0 { Exit::Outside } else { Exit::Done })
}

fn credential(args: &CollectArgs) -> Result<Credential, Failure> {
    let need = |value: &Option<String>, flag: &str| {
        value.clone().ok_or_else(|| Failure::usage(format_args!("`--credential secret` needs `{flag}`")))
    };
    Ok(match args.credential {
        CredentialKind::Developer => match &args.tenant {
            Some(tenant) => Credential::AzureCli { tenant: Some(tenant.clone()) },
            None => Credential::DeveloperTools,
        },
        CredentialKind::Secret => Credential::ClientSecret {
            tenant: need(&args.tenant, "--tenant")?,
            client: need(&args.client_id, "--client-id")?,
            secret: std::env::var("AZURE_CLIENT_SECRET").map_err(|_| {
                Failure::usage("`--credential secret` needs the secret in `AZURE_CLIENT_SECRET`")
            })?,
        },
        CredentialKind::Workload => Credential::WorkloadIdentity {
            tenant: args.tenant.clone(),
            client: args.client_id.clone(),
            token_file: None,
        },
        CredentialKind::Managed => Credential::ManagedIdentity { client: args.client_id.clone() },
    })
}

fn dry_run(args: &CollectArgs) -> Result<Exit, Failure> {
    let calls = azimuth_collector::plan(&args.only, &args.skip).map_err(Failure::usage)?;
    let rows: Vec<Vec<String>> =
        calls.iter().map(|call| vec![call.id.clone(), call.needs.clone(), call.path.clone()]).collect();
    output::to(None, |out| output::table(out, &["CALL", "NEEDS", "REQUEST"], &rows))?;
    Ok(Exit::Done)
}

fn write_summary(
    out: &mut dyn std::io::Write,
    summary: &Summary,
    folder: &std::path::Path,
) -> std::io::Result<()> {
    writeln!(
        out,
        "{} of {} calls answered ({} by an earlier run), {} failed; {} requests, {} lines in {}",
        summary.complete,
        summary.planned,
        summary.resumed,
        summary.failed,
        summary.requests,
        summary.lines,
        folder.display()
    )?;
    for right in &summary.missing_rights {
        let refused: u64 = right.calls.values().sum();
        writeln!(
            out,
            "missing right: {} at {} ({refused} calls refused: {})",
            right.right, right.scope, right.said
        )?;
    }
    for problem in &summary.problems {
        writeln!(out, "failed: {}: {}", problem.call, problem.message)?;
    }
    if summary.stopped {
        writeln!(out, "stopped; the same command goes on where it was")
    } else {
        writeln!(out, "next: azimuth assess {}", folder.display())
    }
}
