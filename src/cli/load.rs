//! Reads the site file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::arguments::SiteArguments;
use super::exit::Exit;
use super::stop::Stop;
use crate::diagnostic::{Code, Problem, Problems, SourceFile, decode};
use crate::runbook::Library;
use crate::site::{Product, ProductDocument, SiteHead};

/// A site file, read.
pub(super) struct LoadedSite {
    /// What every site file says.
    pub head: SiteHead,
    /// The document, by its product.
    pub document: ProductDocument,
    /// Its text.
    pub source: SourceFile,
    /// Its directory, absolute.
    pub directory: PathBuf,
    /// `<backups>/<site>`.
    pub backups: PathBuf,
    /// `<state>/<site>`.
    pub state: PathBuf,
    /// Where runbooks are found.
    pub library: Library,
    /// The options that name the site, for commands that are printed for the operator.
    pub options: String,
}

impl LoadedSite {
    /// The document does not say enough: `missing` holds what it must say.
    pub(super) fn says_too_little(&self, missing: Vec<String>) -> Stop {
        let message = format!("the site file {} does not say enough", self.source.name());
        let stop = Stop::new(Exit::Document, message);
        missing.into_iter().fold(stop, Stop::hint)
    }
}

/// Larger site files are refused.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Reads the site file and settles the directories that hang on it.
pub(super) fn load(arguments: &SiteArguments) -> Result<LoadedSite, Stop> {
    let path = &arguments.site;
    let source = SourceFile::new(path.display().to_string(), read(path)?);
    let names: Names = decode(&source).unwrap_or_default();
    let (head, document) = checked(&names, &source)?;
    let directory = std::path::absolute(path)
        .map_err(|error| Stop::because(Exit::Internal, &error))?
        .parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let below = |given: &Option<PathBuf>, default: &str| {
        crate::site::absolute(&directory, given.as_deref().unwrap_or(Path::new(default)))
            .join(&head.site)
    };
    let mut directories = arguments.runbooks.clone();
    directories.push(directory.clone());
    directories.push(directory.join("runbooks"));
    let mut options = format!(
        "--site {}",
        crate::host::shell_word(&path.display().to_string())
    );
    for runbooks in &arguments.runbooks {
        let word = crate::host::shell_word(&runbooks.display().to_string());
        _ = write!(options, " --runbooks {word}");
    }
    Ok(LoadedSite {
        backups: below(&head.backups, "backups"),
        state: below(&head.state, "runs"),
        library: Library::new(directories),
        head,
        document,
        source,
        directory,
        options,
    })
}

fn read(path: &Path) -> Result<String, Stop> {
    let failed = |error: std::io::Error| {
        let message = format!("failed to read the site file {}", path.display());
        let stop = Stop::caused(Exit::Document, message, &error);
        stop.hint(match error.kind() {
            std::io::ErrorKind::InvalidData => "save it as UTF-8 text",
            std::io::ErrorKind::PermissionDenied => "run upgrade-kit as a user that may read it",
            _ => "name it with `--site FILE`; `upgrade-kit schema site` describes its form",
        })
    };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LIMIT {
        let message = format!("it is larger than {} MiB", LIMIT / 1024 / 1024);
        return Err(failed(std::io::Error::other(message)));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// What decides how the rest is read. A file that does not hold it is explained by the reading of the
/// first product.
#[derive(Default, serde::Deserialize)]
struct Names {
    site: Option<String>,
    product: Option<String>,
}

/// The document, held to rules that the types cannot say; all problems at once.
fn checked(names: &Names, source: &SourceFile) -> Result<(SiteHead, ProductDocument), Problems> {
    let mut problems = Problems::new();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if let Some(site) = &names.site
        && (site.is_empty() || !site.chars().all(fits))
    {
        let problem = Problem::error(
            Code::WRONG_VALUE,
            format!("`{site}` cannot be the name of a site"),
        )
        .at(source.value_at(&["site"]), "")
        .help("use lower-case letters, digits, dashes and underscores");
        problems.push(problem);
    }
    let name = names.product.as_deref();
    let product = name.map_or(Some(Product::ALL[0]), Product::named);
    let Some(product) = product else {
        let known = Product::ALL.map(Product::word).join(", ");
        let name = name.unwrap_or_default();
        let problem = Problem::error(Code::WRONG_VALUE, format!("there is no product `{name}`"))
            .at(source.value_at(&["product"]), "")
            .help(format!("products: {known}"));
        problems.push(problem);
        // What else the file may hold is not known.
        return Err(problems);
    };
    match product.decode(source) {
        Ok(read) if !problems.has_errors() => return Ok(read),
        Ok(_) => {}
        Err(more) => problems.extend(more),
    }
    Err(problems)
}
