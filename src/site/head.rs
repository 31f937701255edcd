//! What the site file of every product holds.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::diagnostic::{Problems, SourceFile, decode};

use super::ox::OxSiteDocument;
use super::weblogic::WeblogicSiteDocument;
use super::wso2::Wso2SiteDocument;
use super::{ServerDocument, ServerKind, SiteDocument};

/// The keys that the site file of every product has.
#[derive(Debug, Clone)]
pub struct SiteHead {
    /// Name of the site.
    pub site: String,
    /// Product.
    pub product: String,
    /// Where backup sets are kept.
    pub backups: Option<PathBuf>,
    /// Where runs and their journals are kept.
    pub state: Option<PathBuf>,
    /// The runbook, instead of `PRODUCT/SCENARIO`.
    pub runbook: Option<String>,
    /// An installation for practice.
    pub practice: Option<PracticeDocument>,
}

/// An installation for practice.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PracticeDocument {
    /// The folder that is copied.
    pub template: PathBuf,
    /// Where it is laid out. The server's home lies inside.
    pub installation: PathBuf,
}

/// A site file, by its product.
#[derive(Debug, Clone)]
pub enum ProductDocument {
    /// Domibus.
    Domibus(Box<SiteDocument>),
    /// OX App Suite.
    Ox(Box<OxSiteDocument>),
    /// A WebLogic domain.
    Weblogic(Box<WeblogicSiteDocument>),
    /// A product on WSO2 Carbon.
    Wso2(Box<Wso2SiteDocument>),
}

impl ProductDocument {
    /// The instance directories on this machine, the present ones and that of the new version: each tells
    /// one installation from any other, where a home directory may be common to several. `directory` is
    /// that of the site file.
    pub fn instances(&self, directory: &Path) -> Vec<PathBuf> {
        let given: Vec<PathBuf> = match self {
            Self::Domibus(site) => (site.target.iter().map(|target| &target.server))
                .chain([&site.server])
                .map(instance)
                .collect(),
            Self::Ox(_) => Vec::new(),
            Self::Weblogic(site) => vec![site.weblogic.domain.home.clone()],
            Self::Wso2(site) => (site.wso2.servers.iter().map(|server| server.home.clone()))
                .chain([site.wso2.new.home.clone()])
                .collect(),
        };
        (given.iter())
            .map(|path| super::absolute(directory, path))
            .collect()
    }
}

fn instance(server: &ServerDocument) -> PathBuf {
    match (&server.base, server.kind) {
        (Some(base), _) => base.clone(),
        (None, ServerKind::Wildfly) => server.home.join("standalone"),
        (None, ServerKind::Tomcat | ServerKind::Weblogic) => server.home.clone(),
    }
}

/// The products that a site file can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Domibus, the AS4 access point.
    Domibus,
    /// OX App Suite.
    Ox,
    /// A WebLogic domain, patched by rollouts.
    Weblogic,
    /// Products on WSO2 Carbon.
    Wso2,
}

impl Product {
    /// Every product.
    pub const ALL: [Self; 4] = [Self::Domibus, Self::Ox, Self::Weblogic, Self::Wso2];

    /// The word of the documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Domibus => "domibus",
            Self::Ox => "ox",
            Self::Weblogic => "weblogic",
            Self::Wso2 => "wso2",
        }
    }

    /// The product of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.word() == name)
    }

    /// Reads a site file of this product.
    pub fn decode(self, source: &SourceFile) -> Result<(SiteHead, ProductDocument), Problems> {
        match self {
            Self::Domibus => {
                let document: SiteDocument = decode(source)?;
                Ok((
                    document.head(),
                    ProductDocument::Domibus(Box::new(document)),
                ))
            }
            Self::Ox => {
                let document: OxSiteDocument = decode(source)?;
                Ok((document.head(), ProductDocument::Ox(Box::new(document))))
            }
            Self::Wso2 => {
                let document: Wso2SiteDocument = decode(source)?;
                Ok((document.head(), ProductDocument::Wso2(Box::new(document))))
            }
            Self::Weblogic => {
                let document: WeblogicSiteDocument = decode(source)?;
                Ok((
                    document.head(),
                    ProductDocument::Weblogic(Box::new(document)),
                ))
            }
        }
    }

    /// The JSON Schema of its site files.
    pub fn schema(self) -> schemars::Schema {
        match self {
            Self::Domibus => schemars::schema_for!(SiteDocument),
            Self::Ox => schemars::schema_for!(OxSiteDocument),
            Self::Weblogic => schemars::schema_for!(WeblogicSiteDocument),
            Self::Wso2 => schemars::schema_for!(Wso2SiteDocument),
        }
    }
}

/// Declares a product's site document: the keys of every site file and its own. It is one plain struct,
/// because what serde flattens loses the places that errors point at.
macro_rules! site_document {
    ($(#[$about:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Name of the site: lower-case letters, digits and dashes. Names its backup sets and runs.
            pub site: String,
            /// Product: `domibus`, `ox`, `weblogic` or `wso2`. It decides what else this file holds.
            pub product: String,
            /// Where backup sets are kept. Default `backups` beside this file.
            #[serde(default)]
            pub backups: Option<std::path::PathBuf>,
            /// Where runs and their journals are kept. Default `runs` beside this file.
            #[serde(default)]
            pub state: Option<std::path::PathBuf>,
            /// Name or path of the runbook, instead of `PRODUCT/SCENARIO`.
            #[serde(default)]
            pub runbook: Option<String>,
            /// For practice: an installation that is laid out from a template when it does not exist yet.
            #[serde(default)]
            pub practice: Option<$crate::site::PracticeDocument>,
            $($own)*
            /// Free values for the site's own runbooks: `${ site.values.NAME }`.
            #[serde(default, deserialize_with = "crate::diagnostic::unique::json_map")]
            pub values: serde_json::Map<String, serde_json::Value>,
        }

        impl $name {
            /// The keys that every site file has.
            pub fn head(&self) -> $crate::site::SiteHead {
                $crate::site::SiteHead {
                    site: self.site.clone(),
                    product: self.product.clone(),
                    backups: self.backups.clone(),
                    state: self.state.clone(),
                    runbook: self.runbook.clone(),
                    practice: self.practice.clone(),
                }
            }
        }
    };
}

pub(super) use site_document;
