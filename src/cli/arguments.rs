//! The command line as data. Nothing here acts.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit::Exit;
use crate::site::Product;

/// Upgrades enterprise middleware, and brings it back unharmed if the upgrade goes wrong.
#[derive(Debug, Parser)]
#[command(name = "upgrade-kit", version, about, long_about = None, after_help = Exit::table())]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Write a developer's log to standard error; filter as in `RUST_LOG`.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "UPGRADE_KIT_LOG",
        hide_env = true
    )]
    pub log: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Save everything that a restore needs into a sealed backup set
    Backup(RunArguments),
    /// Go to the new version; needs a backup set of the present state
    Upgrade(UpgradeArguments),
    /// Bring back what a backup set holds
    Restore(RestoreArguments),
    /// Show what a phase would do, to the argument; starts nothing, changes nothing
    Plan(PlanArguments),
    /// Look at the documents and the real installation, read-only; report everything at once
    Check(CheckArguments),
    /// Go on with an interrupted, failed or waiting run
    Resume(ResumeArguments),
    /// List the runs of a site
    Runs(ListArguments),
    /// List, show and verify backup sets
    #[command(subcommand)]
    Backups(BackupsCommand),
    /// List, show and check runbooks
    #[command(subcommand)]
    Runbooks(RunbooksCommand),
    /// List the actions that a step can use, or show one with its options
    Actions {
        /// Name of an action: `mysql.dump`.
        name: Option<String>,
    },
    /// Print the JSON Schema of a document, for editors
    Schema {
        /// Which document.
        document: SchemaOf,
        /// The product whose site files are meant
        #[arg(long, value_name = "PRODUCT", default_value = "domibus", value_parser = product())]
        product: Product,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What every command needs that knows a site.
#[derive(Debug, Clone, Args)]
pub struct SiteArguments {
    /// The site file
    #[arg(
        long,
        value_name = "FILE",
        default_value = "site.yaml",
        env = "UPGRADE_KIT_SITE"
    )]
    pub site: PathBuf,
    /// Look for runbooks here first; may be repeated
    #[arg(long, value_name = "DIR")]
    pub runbooks: Vec<PathBuf>,
}

/// What a plan is made of.
#[derive(Debug, Clone, Args)]
pub struct PlanningArguments {
    /// What the new version runs in: `same-server`, or `new-server` (`target` of the site)
    #[arg(long, value_name = "SCENARIO", default_value = "same-server")]
    pub scenario: String,
    /// Site and runbooks.
    #[command(flatten)]
    pub site: SiteArguments,
    /// Leave a step (or one instance, `step[item]`) out; may be repeated
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Begin with this step; steps before it in the plan are left out
    #[arg(long, value_name = "STEP")]
    pub start_at: Option<String>,
}

/// A phase that is run.
#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// What the plan is made of.
    #[command(flatten)]
    pub planning: PlanningArguments,
    /// How it is run.
    #[command(flatten)]
    pub running: RunningArguments,
    /// Show the plan instead of running it: the same as `plan`
    #[arg(long)]
    pub dry_run: bool,
}

/// How a run is carried out.
#[derive(Debug, Clone, Args)]
pub struct RunningArguments {
    /// After a failure, still run every step that does not come after the failed one
    #[arg(long)]
    pub keep_going: bool,
    /// How many steps may run at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Answer yes to every gate, and to the question before an upgrade or restore
    #[arg(long)]
    pub yes: bool,
    /// How to show the run
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    pub output: Output,
}

/// Restore.
#[derive(Debug, Clone, Args)]
pub struct RestoreArguments {
    /// The phase.
    #[command(flatten)]
    pub run: RunArguments,
    /// The backup set; the newest sealed one if not given
    #[arg(long, value_name = "SET")]
    pub from: Option<String>,
}

/// Upgrade.
#[derive(Debug, Clone, Args)]
pub struct UpgradeArguments {
    /// The phase.
    #[command(flatten)]
    pub restore: RestoreArguments,
    /// What to do if it fails after the installation was changed
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_failure: Option<AfterFailure>,
}

/// What follows a failed upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AfterFailure {
    /// Restore the backup set.
    Restore,
}

/// The phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhaseArgument {
    /// Save everything.
    Backup,
    /// Go to the new version.
    Upgrade,
    /// Bring back.
    Restore,
}

/// `plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArguments {
    /// The phase
    pub phase: PhaseArgument,
    /// What the plan is made of.
    #[command(flatten)]
    pub planning: PlanningArguments,
    /// The backup set that upgrade and restore use; the newest sealed one if not given
    #[arg(long, value_name = "SET")]
    pub from: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = PlanFormat::Tree)]
    pub format: PlanFormat,
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArguments {
    /// The phase
    #[arg(default_value = "backup")]
    pub phase: PhaseArgument,
    /// What the plan is made of.
    #[command(flatten)]
    pub planning: PlanningArguments,
    /// The backup set that upgrade and restore use; the newest sealed one if not given
    #[arg(long, value_name = "SET")]
    pub from: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// `resume`.
#[derive(Debug, Clone, Args)]
pub struct ResumeArguments {
    /// The run; the newest one if not given
    pub run: Option<String>,
    /// Site and runbooks.
    #[command(flatten)]
    pub site: SiteArguments,
    /// How it is run.
    #[command(flatten)]
    pub running: RunningArguments,
}

/// `runs` and `backups list`.
#[derive(Debug, Clone, Args)]
pub struct ListArguments {
    /// Site and runbooks.
    #[command(flatten)]
    pub site: SiteArguments,
    /// How to show it
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// `backups …`.
#[derive(Debug, Clone, Subcommand)]
pub enum BackupsCommand {
    /// List the backup sets of a site
    List(ListArguments),
    /// Show what a backup set holds and how far it is proven
    Show(SetArguments),
    /// Read every file of a backup set again and check it
    Verify(SetArguments),
}

/// `backups show` and `backups verify`.
#[derive(Debug, Clone, Args)]
pub struct SetArguments {
    /// The set; the newest sealed one if not given
    pub set: Option<String>,
    /// Site and format.
    #[command(flatten)]
    pub list: ListArguments,
}

/// `runbooks …`.
#[derive(Debug, Clone, Subcommand)]
pub enum RunbooksCommand {
    /// List the shipped runbooks
    List,
    /// Show a runbook's steps and the instructions that they carry out
    Show {
        /// Name: `domibus/same-server`.
        name: String,
        /// Print the documents themselves, to copy and change
        #[arg(long)]
        source: bool,
        /// Look for runbooks here first; may be repeated
        #[arg(long, value_name = "DIR")]
        runbooks: Vec<PathBuf>,
    },
    /// Check a runbook without a site: its form, its references, its actions
    Lint {
        /// Name, or the path of a file.
        name: String,
        /// Look for runbooks here first; may be repeated
        #[arg(long, value_name = "DIR")]
        runbooks: Vec<PathBuf>,
    },
}

/// Documents with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `site.yaml`.
    Site,
    /// A runbook.
    Runbook,
    /// A part.
    Part,
}

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Bars on a terminal, lines otherwise.
    Auto,
    /// Bars; lines if standard error is no terminal.
    Terminal,
    /// One line an event.
    Lines,
    /// One JSON event a line on standard output.
    Json,
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For reading.
    Tree,
    /// For programs; versioned.
    Json,
    /// A Mermaid diagram.
    Mermaid,
    /// A Graphviz diagram.
    Dot,
    /// A handbook.
    Markdown,
}

/// How a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For reading.
    Text,
    /// For programs.
    Json,
}

fn product() -> impl TypedValueParser<Value = Product> {
    PossibleValuesParser::new(Product::ALL.map(Product::word))
        .try_map(|name| Product::named(&name).ok_or("there is no such product"))
}
