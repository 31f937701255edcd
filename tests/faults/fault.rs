//! The ways in which a tool misbehaves.

/// What a tool does instead of its work, or to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Missing,
    Hangs,
    Dies,
    DiesLate,
    FailsLate,
    Lies,
    Floods,
    PrintsBinary,
    Asks,
    LeavesChildren,
    ReadsAPart,
    ReadsNothing,
    PrintsAPart,
}

impl Fault {
    pub(super) const ALL: [Self; 13] = [
        Self::Missing,
        Self::Hangs,
        Self::Dies,
        Self::DiesLate,
        Self::FailsLate,
        Self::Lies,
        Self::Floods,
        Self::PrintsBinary,
        Self::Asks,
        Self::LeavesChildren,
        Self::ReadsAPart,
        Self::ReadsNothing,
        Self::PrintsAPart,
    ];

    /// As `tool.sh` knows it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Hangs => "hangs",
            Self::Dies => "dies",
            Self::DiesLate => "dies-late",
            Self::FailsLate => "fails-late",
            Self::Lies => "lies",
            Self::Floods => "floods",
            Self::PrintsBinary => "prints-binary",
            Self::Asks => "asks",
            Self::LeavesChildren => "leaves-children",
            Self::ReadsAPart => "reads-a-part",
            Self::ReadsNothing => "reads-nothing",
            Self::PrintsAPart => "prints-a-part",
        }
    }

    /// Only a tool that is given input can do it.
    pub(super) fn wants_input(self) -> bool {
        matches!(self, Self::ReadsAPart | Self::ReadsNothing)
    }

    /// The tool ends with exit code 0, whatever it did.
    pub(super) fn ends_well(self) -> bool {
        matches!(
            self,
            Self::Lies
                | Self::Floods
                | Self::PrintsBinary
                | Self::ReadsAPart
                | Self::ReadsNothing
                | Self::PrintsAPart
        )
    }

    /// The tool does all of its work: a step may count it as done.
    pub(super) fn does_its_work(self) -> bool {
        matches!(
            self,
            Self::DiesLate | Self::FailsLate | Self::LeavesChildren
        )
    }
}

/// Whether every cell is tried, with floods of their full size.
pub(crate) fn everything() -> bool {
    std::env::var("UPGRADE_KIT_POINTS").is_ok_and(|points| points == "all")
}

/// How much a tool prints that floods its outputs.
pub(super) fn flood_bytes() -> u64 {
    if everything() {
        1 << 30
    } else if std::env::var_os(ALONE).is_some() {
        256 << 20
    } else {
        8 << 20
    }
}

/// Set in a process that does nothing but be flooded.
pub(super) const ALONE: &str = "UPGRADE_KIT_FLOOD_ALONE";
