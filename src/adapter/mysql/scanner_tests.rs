use super::*;

fn scan(text: &str, size: usize) -> DumpText {
    let mut scanner = DumpScanner::default();
    for chunk in text.as_bytes().chunks(size) {
        scanner.feed(chunk);
    }
    scanner.finish()
}

const MARIADB: &str = "/*M!999999\\- enable the sandbox mode */ 
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
CREATE SEQUENCE `s1` start with 1 minvalue 1;
CREATE TABLE `TB-odd ``name` (
  `id` int(11) NOT NULL
);
INSERT INTO `TB-odd ``name` VALUES
(1,'CREATE TABLE `no` (\\n-- Dump completed');
/*!50001 CREATE VIEW `V` AS SELECT
 NULL AS `a` */;
/*!50003 CREATE*/ /*!50017 DEFINER=`r``oot`@`localhost`*/ /*!50003 TRIGGER If_Not_quoted BEFORE INSERT ON x
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 trigger if not exists `d`.`Of d` AFTER UPDATE ON x
/*!50003 CREATE*/ /*!50017 DEFINER=`r``oot`@`localhost`*/ /*!50003 TRIGGER `T` BEFORE INSERT ON x
/*!50106 CREATE*/ /*!50117 DEFINER=`root`@`localhost`*/ /*!50106 EVENT `E` ON SCHEDULE EVERY 1 DAY
CREATE DEFINER=`root`@`localhost` FUNCTION `F`(wanted VARCHAR(40)) RETURNS bigint(20)
CREATE DEFINER=`root`@`localhost` PACKAGE BODY `P` AS
CREATE DEFINER=`EVENT`@`localhost` PROCEDURE `Q`(IN before_id BIGINT)
-- Dump completed on 2020-01-01
/*!50001 VIEW `V` AS select 1 */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed on 2026-11-21  9:49:26
";

fn names(names: &BTreeSet<String>) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn every_kind_of_object_is_seen_whatever_the_chunks() {
    let whole = scan(MARIADB, MARIADB.len());
    assert!(whole.complete);
    assert_eq!(names(&whole.tables), ["TB-odd `name", "s1"]);
    assert_eq!(names(&whole.tables_with_rows), ["TB-odd `name"]);
    assert_eq!(names(&whole.views), ["V"]);
    assert_eq!(names(&whole.triggers), ["If_Not_quoted", "Of d", "T"]);
    assert_eq!(names(&whole.events), ["E"]);
    assert_eq!(names(&whole.routines), ["F", "P", "Q"]);
    let header = whole.header.as_deref().unwrap();
    assert!(
        header.starts_with("MariaDB dump 10.19  Distrib 10.11.19"),
        "{header}"
    );
    for size in 1..200 {
        assert_eq!(scan(MARIADB, size), whole, "chunks of {size}");
    }
}

#[test]
fn mysqls_own_text_is_read() {
    let text = "-- MySQL dump 10.13  Distrib 8.0.46, for Linux (x86_64)\n\
        CREATE TABLE `a` (\nINSERT INTO `a` VALUES (1,'x'),(2,'y');\n\
        /*!50003 CREATE*/ /*!50017 DEFINER=`bk`@`%`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `a`\n\
        CREATE DEFINER=`bk`@`%` PROCEDURE `p`()\n/*!50001 VIEW `v` AS select 1 */;\n\
        -- Dump completed on 2026-11-21 09:00:00";
    let seen = scan(text, 7);
    assert!(seen.complete);
    assert_eq!(
        seen.header.as_deref(),
        Some("MySQL dump 10.13  Distrib 8.0.46, for Linux (x86_64)")
    );
    assert_eq!(names(&seen.triggers), ["t"]);
    assert_eq!(names(&seen.views), ["v"]);
    assert_eq!(names(&seen.routines), ["p"]);
}

#[test]
fn only_a_trailer_at_the_end_completes() {
    for (text, complete) in [
        ("-- Dump completed on 2026\n", true),
        ("-- Dump completed\n\n\n", true),
        (
            "-- Dump completed on 2026\nINSERT INTO `a` VALUES (1);\n",
            false,
        ),
        ("INSERT INTO `a` VALUES ('-- Dump completed');\n", false),
        (" -- Dump completed\n", false),
        ("", false),
    ] {
        assert_eq!(scan(text, 3).complete, complete, "{text}");
    }
}

#[test]
fn a_line_of_any_length_takes_bounded_memory() {
    let mut scanner = DumpScanner::default();
    scanner.feed(b"INSERT INTO `big` VALUES (1,0x");
    let chunk = vec![b'F'; 1 << 20];
    for _ in 0..64 {
        scanner.feed(&chunk);
        assert!(scanner.head.capacity() <= 2 * LOOKED_AT);
    }
    scanner.feed(b");\n-- Dump completed\n");
    let seen = scanner.finish();
    assert!(seen.complete && seen.tables_with_rows.contains("big"));
    assert_eq!(seen.longest_line, 30 + 64 * (1 << 20) + 2);
}
