//! How to reach a database, and the commands that do.

use serde::{Deserialize, Serialize};

use super::quoting::{is_plain, name};
use crate::host::{Invocation, Secret};
pub use crate::site::OracleConnection as Connection;
use crate::site::SecretRef;

/// Messages are judged, so they must be English; data are read as UTF-8.
const LANGUAGE: &str = "AMERICAN_AMERICA.AL32UTF8";

/// One of the vendor's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Program {
    /// `expdp`
    Export,
    /// `impdp`
    Import,
    /// `sqlplus`
    Client,
}

impl Connection {
    /// Rules that types cannot say; every text names the option first.
    pub(super) fn validate(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let ways = [self.user.is_some(), self.wallet.is_some(), self.external];
        if ways.iter().filter(|given| **given).count() != 1 {
            problems.push("connection: give one of `user`, `wallet` and `external`".to_owned());
        }
        let address = [
            ("password", self.password.is_some()),
            ("host", self.host.is_some()),
            ("service", self.service.is_some()),
        ];
        for (option, given) in address {
            if given != self.user.is_some() {
                problems.push(format!(
                    "connection.{option}: belongs to `user`, which needs it"
                ));
            }
        }
        if self.user.as_deref().is_some_and(|user| !is_name(user)) {
            problems.push("connection.user: no account has such a name".to_owned());
        } else if self.user.as_deref().is_some_and(|user| user.contains('=')) {
            let text =
                "connection.user: the Data Pump clients take a name with `=` for a parameter";
            problems.push(text.to_owned());
        }
        let words = [
            ("host", &self.host, ".-_:[]"),
            ("service", &self.service, ".-_$#"),
            ("wallet", &self.wallet, ".-_"),
            ("sid", &self.sid, "_$#"),
        ];
        for (option, value, signs) in words {
            let fits = |text: &String| {
                let sign = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
                !text.is_empty() && text.chars().all(sign)
            };
            if value.as_ref().is_some_and(|text| !fits(text)) {
                problems.push(format!(
                    "connection.{option}: may hold letters, digits and {signs}"
                ));
            }
        }
        if let Some(Err(problem)) = self.password.as_ref().map(SecretRef::validate) {
            problems.push(format!("connection.password: {problem}"));
        }
        problems
    }

    /// The program's name or path.
    pub(super) fn program(&self, program: Program) -> String {
        let (given, usual) = match program {
            Program::Export => (&self.export_program, "expdp"),
            Program::Import => (&self.import_program, "impdp"),
            Program::Client => (&self.client_program, "sqlplus"),
        };
        match (given, &self.oracle_home) {
            (Some(program), _) => program.clone(),
            (None, Some(home)) => home.join("bin").join(usual).display().to_string(),
            (None, None) => usual.to_owned(),
        }
    }

    /// The database, for messages.
    pub(super) fn address(&self) -> String {
        match (&self.wallet, &self.sid) {
            (Some(alias), _) => alias.clone(),
            (None, Some(sid)) => sid.clone(),
            (None, None) if self.external => "the local database".to_owned(),
            (None, None) => self.easy_connect(),
        }
    }

    fn easy_connect(&self) -> String {
        format!(
            "//{}:{}/{}",
            self.host.as_deref().unwrap_or("localhost"),
            self.port.unwrap_or(1521),
            self.service.as_deref().unwrap_or_default()
        )
    }

    /// `USER@//HOST:PORT/SERVICE`, `/@ALIAS` or `/`, with the password (quoted, so that no sign in it
    /// means anything) where the text goes into a pipe.
    pub(super) fn login(&self, password: Option<&Secret>) -> String {
        if let Some(alias) = &self.wallet {
            return format!("/@{alias}");
        }
        let Some(user) = &self.user else {
            return "/".to_owned();
        };
        let password = password.map_or_else(String::new, |password| {
            format!("/\"{}\"", password.expose())
        });
        format!("{}{password}@{}", account(user), self.easy_connect())
    }

    /// `sqlplus` that reads everything, its CONNECT included, from standard input.
    pub(super) fn client(&self) -> Invocation {
        self.begin(Program::Client).args(["-S", "-L", "/nolog"])
    }

    /// A Data Pump client; the password is the first line of its standard input. The parameter file is
    /// named relative to the step's scratch directory, in which it is started.
    pub(super) fn pump(&self, program: Program, parameter: &str) -> Invocation {
        self.begin(program).arg(self.login(None)).arg(parameter)
    }

    fn begin(&self, program: Program) -> Invocation {
        let mut invocation = Invocation::new(self.program(program));
        let mut set = |name: &str, value: String| {
            invocation.environment.push((name.to_owned(), value));
        };
        set("NLS_LANG", LANGUAGE.to_owned());
        if let Some(home) = &self.oracle_home {
            set("ORACLE_HOME", home.display().to_string());
            set("LD_LIBRARY_PATH", home.join("lib").display().to_string());
        }
        if let Some(sid) = &self.sid {
            set("ORACLE_SID", sid.clone());
        }
        if let Some(directory) = &self.tns_admin {
            set("TNS_ADMIN", directory.display().to_string());
        }
        invocation
    }
}

/// An account as it is written to log on: the case does not matter unless it must be quoted.
fn account(user: &str) -> String {
    if is_plain(&user.to_uppercase()) {
        user.to_owned()
    } else {
        name(user)
    }
}

/// Whether an identifier can have this name, and the client tells it as it is: it cuts blanks at the end.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.len() <= 128
        && !text.contains(['"', '\'', '|'])
        && !text.chars().any(char::is_control)
}

/// Why a password cannot be handed over, without the password.
pub(super) fn password_problem(password: &Secret) -> Option<&'static str> {
    let text = password.expose();
    if text.is_empty() {
        Some("is empty")
    } else if text.contains(['"', '\n', '\r', '\0']) {
        Some("holds a double quote or a line end, which no password of Oracle does")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(yaml: &str) -> Connection {
        serde_yaml::from_str(yaml).unwrap()
    }

    const BY_NAME: &str =
        "{ user: domibus, password: { env: P }, host: db, service: domibus, tns_admin: /etc/tns }";

    #[test]
    fn a_password_is_in_no_argument() {
        let connection = connection(BY_NAME);
        assert_eq!(connection.validate(), Vec::<String>::new());
        assert_eq!(
            connection
                .pump(Program::Export, "PARFILE=export.par")
                .to_string(),
            "NLS_LANG=AMERICAN_AMERICA.AL32UTF8 TNS_ADMIN=/etc/tns expdp domibus@//db:1521/domibus \
             PARFILE=export.par"
        );
        let secret = Secret::new("p@ss/w".to_owned());
        assert_eq!(
            connection.login(Some(&secret)),
            "domibus/\"p@ss/w\"@//db:1521/domibus"
        );
    }

    #[test]
    fn wallets_and_the_operating_system_need_no_password() {
        let wallet = connection("{ wallet: domibus_wallet, oracle_home: /opt/oracle }");
        assert_eq!(wallet.validate(), Vec::<String>::new());
        assert_eq!(wallet.login(None), "/@domibus_wallet");
        assert_eq!(wallet.program(Program::Import), "/opt/oracle/bin/impdp");
        assert_eq!(connection("{ external: true }").login(None), "/");
    }

    #[test]
    fn half_a_way_is_refused() {
        for yaml in [
            "{ user: domibus, host: db, service: s }",
            "{ user: domibus, password: { env: P }, wallet: w, host: db, service: s }",
            "{ wallet: 'a b' }",
            "{ external: true, host: db }",
            "{ user: 'a\"b', password: { env: P }, host: db, service: s }",
        ] {
            assert_ne!(connection(yaml).validate(), Vec::<String>::new(), "{yaml}");
        }
    }
}
