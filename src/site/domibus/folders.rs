//! The folders with data of the domains: FS plugin, payloads, archives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::domains::{DEFAULT_DOMAIN, Tenancy};
use super::installation::{Domain, FsLocation, Plugin, VersionLayout};
use super::jdbc::masked;
use super::notes::{Findings, Severity};
use super::property_files::PropertyFiles;
use super::sources::{Resolved, Sources};
use crate::site::files::normalized;

const FS_LOCATION: &str = "fsplugin.messages.location";
/// 4.x: `fsplugin.domains.<ID>.messages.location` (BG42 FSPluginProperties.java).
const FS_DOMAINS_4: &str = "fsplugin.domains.";

/// The domain with this code.
pub(super) fn domain(
    sources: &Sources,
    tenancy: Tenancy,
    code: &str,
    plugins: &[Plugin],
    findings: &mut Findings,
) -> Domain {
    Domain {
        code: code.to_owned(),
        schema: super::database::schema_of(sources, tenancy, code, findings),
        fs_plugin_location: plugins
            .contains(&Plugin::Fs)
            .then(|| fs_plugin(sources, tenancy, code, findings))
            .flatten(),
        payload_location: absolute(
            sources,
            tenancy,
            code,
            "domibus.attachment.storage.location",
            findings,
        ),
        earchive_location: absolute(
            sources,
            tenancy,
            code,
            "domibus.earchive.storage.location",
            findings,
        ),
    }
}

/// 5.x has no fallback from a domain to the global folder (BG FSPluginPropertiesMetadataManagerImpl.java);
/// 4.x has, and ends in the folder for temporary files (BG42 FSPluginProperties.getLocation).
fn fs_plugin(
    sources: &Sources,
    tenancy: Tenancy,
    code: &str,
    findings: &mut Findings,
) -> Option<FsLocation> {
    let found = match tenancy.layout {
        VersionLayout::Domains5 => tenancy.text(sources, code, FS_LOCATION, findings),
        VersionLayout::Flat4 => [
            format!("{FS_DOMAINS_4}{code}.messages.location"),
            FS_LOCATION.to_owned(),
        ]
        .iter()
        .find_map(|key| sources.text(key, findings)),
    };
    if found.is_none() {
        findings.note(
            Severity::Info,
            None,
            format!("the FS plugin has no folder for the domain {code}"),
            "",
        );
    }
    location(&found?, findings)
}

/// 4.x: the FS plugin's own domains, beyond those of Domibus.
pub(super) fn further_fs_locations(
    sources: &Sources,
    loaded: &PropertyFiles,
    codes: &[String],
    findings: &mut Findings,
) -> BTreeMap<String, FsLocation> {
    let mut further = BTreeMap::new();
    if loaded.layout != VersionLayout::Flat4 {
        return further;
    }
    for key in sources.keys() {
        let id = key
            .strip_prefix(FS_DOMAINS_4)
            .and_then(|rest| rest.strip_suffix(".messages.location"));
        if let Some(id) =
            id.filter(|id| *id != DEFAULT_DOMAIN && !codes.iter().any(|code| code == id))
            && let Some(found) = sources.text(key, findings)
            && let Some(location) = location(&found, findings)
        {
            further.insert(id.to_owned(), location);
        }
    }
    further
}

/// A place as Apache Commons VFS reads it: an absolute path or a URI.
fn location(found: &Resolved, findings: &mut Findings) -> Option<FsLocation> {
    let value = found.value.trim();
    let location = parse_location(value);
    match &location {
        None => findings.note(
            Severity::Refuse,
            found.place.clone(),
            format!(
                "the FS plugin folder {:?} is neither an absolute path nor a URI",
                masked(value)
            ),
            "write the whole path",
        ),
        Some(FsLocation::Remote { scheme, .. }) => findings.note(
            Severity::Refuse,
            found.place.clone(),
            format!("the FS plugin folder is on another machine ({scheme})"),
            "back it up there, in the same stop window",
        ),
        Some(FsLocation::Local(_)) => {}
    }
    location
}

pub(super) fn parse_location(value: &str) -> Option<FsLocation> {
    if value.starts_with('/') {
        return Some(FsLocation::Local(normalized(Path::new(value))));
    }
    let (scheme, rest) = value.split_once(':')?;
    let mut letters = scheme.chars();
    let is_scheme = letters.next()?.is_ascii_alphabetic()
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    if !is_scheme || rest.is_empty() {
        return None;
    }
    if scheme.eq_ignore_ascii_case("file") {
        let path = decoded(rest.trim_start_matches('/'))?;
        return Some(FsLocation::Local(normalized(&Path::new("/").join(path))));
    }
    Some(FsLocation::Remote {
        scheme: scheme.to_ascii_lowercase(),
        uri_without_password: masked(value),
    })
}

/// `%20` and its like; nothing if the result is not text.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let code = digit(0).zip(digit(1)).filter(|_| byte == b'%');
        let code = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// Domibus refuses relative folders (BG PayloadFileStorage.createLocation).
fn absolute(
    sources: &Sources,
    tenancy: Tenancy,
    code: &str,
    key: &str,
    findings: &mut Findings,
) -> Option<PathBuf> {
    let found = tenancy.text(sources, code, key, findings)?;
    let path = normalized(Path::new(&found.value));
    if path.is_absolute() {
        return Some(path);
    }
    findings.note(
        Severity::Refuse,
        found.place,
        format!(
            "{} is {:?}, which is not an absolute path",
            tenancy.key(code, key),
            found.value
        ),
        "Domibus refuses it; write the whole path",
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(scheme: &str, uri: &str) -> FsLocation {
        FsLocation::Remote {
            scheme: scheme.to_owned(),
            uri_without_password: uri.to_owned(),
        }
    }

    #[test]
    fn places_of_the_fs_plugin() {
        for value in [
            "/data/fs in",
            "file:///data/fs%20in",
            "file:/data/fs in",
            "file:////data//fs in/",
        ] {
            let expected = FsLocation::Local("/data/fs in".into());
            assert_eq!(parse_location(value), Some(expected), "{value}");
        }
        assert_eq!(
            parse_location("sftp://u:s3cret@h/x"),
            Some(remote("sftp", "sftp://u:***@h/x"))
        );
        assert_eq!(
            parse_location("SMB://h/share"),
            Some(remote("smb", "SMB://h/share"))
        );
        for value in ["data/fs", "", "file:", "C:", "://x"] {
            assert_eq!(parse_location(value), None, "{value}");
        }
    }

    #[test]
    fn percent_codes() {
        assert_eq!(decoded("a%20b%C3%A9%2").as_deref(), Some("a bé%2"));
        assert_eq!(decoded("%ff"), None);
        assert_eq!(decoded("%+1").as_deref(), Some("%+1"));
    }
}
