//! Lines for `RESTORE.md`: how a person brings a dump back without this program.

use super::export::Export;
use super::quoting::{literal, name, parameter};
use crate::host::shell_word;

/// Lines of a shell.
pub(super) fn lines(export: &Export, dump: &str) -> Vec<String> {
    let login = export.connection.login(None);
    let target = export.directory_path.join("upgrade-kit-restore.dmp");
    let schema = &export.schema;
    vec![
        "# As the system user that runs the database, or so that it can read the file:".to_owned(),
        format!(
            "zstd -d {} -o {}",
            shell_word(dump),
            shell_word(&target.display().to_string())
        ),
        "# The schema is emptied first: impdp skips what exists, and what the upgrade added would stay."
            .to_owned(),
        "# Run it until it says 0 objects.".to_owned(),
        format!("sqlplus {} <<'SQL'", shell_word(&login)),
        "SET SERVEROUTPUT ON".to_owned(),
        // An `&` in a name would be asked for.
        "SET DEFINE OFF".to_owned(),
        "DECLARE".to_owned(),
        "  left_over NUMBER;".to_owned(),
        "BEGIN".to_owned(),
        "  FOR object IN (SELECT object_type, object_name FROM all_objects".to_owned(),
        format!("      WHERE owner = {} AND generated = 'N'", literal(schema)),
        "      AND object_type IN ('MATERIALIZED VIEW', 'TABLE', 'VIEW', 'SEQUENCE', 'SYNONYM',".to_owned(),
        "        'PACKAGE', 'PROCEDURE', 'FUNCTION', 'TYPE')) LOOP".to_owned(),
        "    BEGIN".to_owned(),
        "      EXECUTE IMMEDIATE 'DROP ' || object.object_type".to_owned(),
        format!("        || ' {}.\"' || object.object_name || '\"'", name(schema)),
        "        || CASE object.object_type WHEN 'TABLE' THEN ' CASCADE CONSTRAINTS PURGE'".to_owned(),
        "             WHEN 'TYPE' THEN ' FORCE' END;".to_owned(),
        "    EXCEPTION WHEN OTHERS THEN DBMS_OUTPUT.PUT_LINE(object.object_name || ': ' || SQLERRM);"
            .to_owned(),
        "    END;".to_owned(),
        "  END LOOP;".to_owned(),
        format!(
            "  SELECT COUNT(*) INTO left_over FROM all_objects WHERE owner = {};",
            literal(schema)
        ),
        "  DBMS_OUTPUT.PUT_LINE(left_over || ' objects');".to_owned(),
        "END;".to_owned(),
        "/".to_owned(),
        "SQL".to_owned(),
        format!(
            "impdp {} {} DUMPFILE=upgrade-kit-restore.dmp LOGFILE=upgrade-kit-restore.log {}",
            shell_word(&login),
            shell_word(&format!("DIRECTORY={}", export.directory)),
            shell_word(&format!("SCHEMAS={}", parameter(schema)))
        ),
        "# Its last line must say `successfully completed`; the only errors that are none: ORA-31684 for the \
         USER, ORA-39082."
            .to_owned(),
    ]
}
