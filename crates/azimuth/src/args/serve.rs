//! What can be asked of `azimuth serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::FileFormat;

const EXAMPLES: &str = "Examples:
  AZIMUTH_ADMINISTRATOR_PASSWORD=… azimuth serve --administrator me@contoso.example
  AZIMUTH_DEVELOPMENT_TOKEN=secret azimuth serve
  azimuth serve --listen 127.0.0.1:0 --table logs/ --estate ./exports --development-token secret
  curl --cacert azimuth-data/ca.pem https://localhost:8443/health

Guide: docs/serve.md";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one. The address is printed when the server is ready
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443", env = "AZIMUTH_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Folder for what the server keeps: its certificate authority, accounts and keys; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "azimuth-data", env = "AZIMUTH_DATA")]
    pub(crate) data: PathBuf,
    /// A further name or address that clients reach the server by; repeatable
    #[arg(long, value_name = "HOST")]
    pub(crate) name: Vec<String>,
    /// Serve HTTP without TLS; clients of Azure send no token over it
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Accept this one token for everything, besides those of people and applications that sign in. For development only
    #[arg(long, value_name = "TOKEN", env = "AZIMUTH_DEVELOPMENT_TOKEN", hide_env_values = true)]
    pub(crate) development_token: Option<String>,
    /// The first administrator, made at the first start: `NAME@DOMAIN`
    #[arg(long, value_name = "NAME", env = "AZIMUTH_ADMINISTRATOR")]
    pub(crate) administrator: Option<String>,
    /// The first administrator's password; better in the environment, where other processes do not see it
    #[arg(long, value_name = "PASSWORD", env = "AZIMUTH_ADMINISTRATOR_PASSWORD", hide_env_values = true)]
    pub(crate) administrator_password: Option<String>,
    /// An application that may sign in by itself: `ID=SECRET`; those of the first start administer the tenant; repeatable
    #[arg(long, value_name = "ID=SECRET", env = "AZIMUTH_CLIENT", hide_env_values = true)]
    pub(crate) client: Vec<String>,
    /// An account without roles, made if it is not there: `NAME@DOMAIN=PASSWORD`; repeatable
    #[arg(long, value_name = "NAME=PASSWORD", env = "AZIMUTH_USER", hide_env_values = true)]
    pub(crate) user: Vec<String>,
    /// A key of a workspace for signed requests (Data Collector API), or an instrumentation key: `ID=BASE64`; repeatable
    #[arg(long, value_name = "ID=BASE64")]
    pub(crate) workspace_key: Vec<String>,
    /// The tenant's id, which clients sign in to
    #[arg(long, value_name = "ID", default_value = "00000000-0000-0000-0000-000000000000")]
    pub(crate) tenant: String,
    /// The name of the database that clients of Kusto see
    #[arg(long, value_name = "NAME", default_value = "Azimuth")]
    pub(crate) database: String,
    /// Files of a table, to be asked: `NAME=PATH`, as `azimuth query --table`; repeatable
    #[arg(long, short, value_name = "[NAME=]PATH")]
    pub(crate) table: Vec<String>,
    /// Columns of a table of files: `NAME=(At:datetime, User:string)`
    #[arg(long, value_name = "NAME=(COLUMN:TYPE, …)")]
    pub(crate) schema: Vec<String>,
    /// Read the files of `--table` as this, whatever their names
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// Exported files of an estate, as tables of Resource Graph; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) estate: Vec<PathBuf>,
    /// The id of the first subscription, made at the first start
    #[arg(long, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// A store made by `azimuth import`, instead of `--estate`: the server keeps everything in it
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE", conflicts_with = "estate")]
    pub(crate) store: Option<PathBuf>,
    /// Megabytes that a query may hold at a time
    #[arg(long, value_name = "MB", default_value_t = 1_024)]
    pub(crate) memory: usize,
    /// Queries under way at a time; further ones wait, then are told to come again
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) queries: usize,
    /// Rows that are kept of each table that is sent to
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) keep_rows: usize,
}
