//! Which flaws are planted, where, and the record of them.

use crate::rng::Rng;

/// One planted flaw: what a check of the control must find.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flaw {
    /// The control's id, such as `NW-4`.
    pub control: &'static str,
    /// The object: a resource id or `graph:/…`.
    pub object: String,
    /// The property path in the object, or the name of what is missing on it.
    pub path: &'static str,
}

/// A way to break a control on one object. Governance and the sign-in policies plant theirs by plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    UserUnregistered,
    UserWithoutDetail,
    PerUserMfa,
    ContactMissing,
    ContactWithoutEmail,
    ContactWithoutPhone,
    ContactAlertsOff,
    StorageWithoutSetting,
    StorageLogOff,
    StorageMetricOff,
    PlanFree,
    SettingMissing,
    SettingWithoutWorkspace,
    SettingLogsOff,
    ActivityLogMissing,
    FlowLogMissing,
    FlowLogOff,
    FlowLogShort,
    FlowLogWithoutAnalytics,
    VpnLogOff,
    OpenPort,
    OpenInterfaceGroup,
    BasicAddressWithoutGroup,
    OpenTranslation,
    SingleMachine,
    SingleScaleSet,
    SinglePlan,
    SingleGateway,
    StorageOpen,
    VaultOpen,
    SqlOpen,
    SubnetWithoutGroup,
    AddressUnprotected,
    AddressInheritsNothing,
}

impl Kind {
    /// All kinds with their control, and whether every estate, however small, has a place for them.
    const ALL: [(Self, &'static str, bool); 34] = [
        (Self::UserUnregistered, "ID-1", true),
        (Self::UserWithoutDetail, "ID-1", true),
        (Self::PerUserMfa, "ID-2", true),
        (Self::ContactMissing, "NO-1", true),
        (Self::ContactWithoutEmail, "NO-1", true),
        (Self::ContactWithoutPhone, "NO-1", true),
        (Self::ContactAlertsOff, "NO-1", true),
        (Self::StorageWithoutSetting, "ST-1", true),
        (Self::StorageLogOff, "ST-1", true),
        (Self::StorageMetricOff, "ST-1", true),
        (Self::PlanFree, "TH-1", true),
        (Self::SettingMissing, "TH-6", true),
        (Self::SettingWithoutWorkspace, "TH-6", true),
        (Self::SettingLogsOff, "TH-6", true),
        (Self::ActivityLogMissing, "TH-6", true),
        (Self::FlowLogMissing, "NW-2", true),
        (Self::FlowLogOff, "NW-2", true),
        (Self::FlowLogShort, "NW-2", true),
        (Self::FlowLogWithoutAnalytics, "NW-2", true),
        (Self::VpnLogOff, "NW-3", true),
        (Self::OpenPort, "NW-4", true),
        (Self::OpenInterfaceGroup, "NW-4", true),
        (Self::BasicAddressWithoutGroup, "NW-4", true),
        (Self::OpenTranslation, "NW-4", false),
        (Self::SingleMachine, "DD-2", true),
        (Self::SingleScaleSet, "DD-2", false),
        (Self::SinglePlan, "DD-2", true),
        (Self::SingleGateway, "DD-2", false),
        (Self::StorageOpen, "DD-3", true),
        (Self::VaultOpen, "DD-3", true),
        (Self::SqlOpen, "DD-3", true),
        (Self::SubnetWithoutGroup, "DD-3", true),
        (Self::AddressUnprotected, "DD-4", true),
        (Self::AddressInheritsNothing, "DD-4", false),
    ];
}

/// Decides at each opportunity whether a flaw is planted there, and keeps the list.
pub(crate) struct Planter {
    planting: bool,
    rng: Rng,
    /// One flaw in so many opportunities.
    rarity: usize,
    /// Per kind: whether this seed plants it at all.
    enabled: [bool; Kind::ALL.len()],
    /// Per kind: the opportunities left to pass before one that must be taken.
    due: [Option<usize>; Kind::ALL.len()],
    paused: bool,
    flaws: Vec<Flaw>,
}

impl Planter {
    pub(crate) fn new(seed: u64, size: usize, planting: bool) -> Self {
        let mut rng = Rng::new(seed, "flaws", 0);
        let mut enabled = [false; Kind::ALL.len()];
        let mut due = [None; Kind::ALL.len()];
        let mut start = 0;
        while start < Kind::ALL.len() {
            let control = Kind::ALL[start].1;
            let end = start + Kind::ALL[start..].iter().take_while(|kind| kind.1 == control).count();
            for slot in &mut enabled[start..end] {
                *slot = rng.chance(2, 3);
            }
            let sure: Vec<usize> = (start..end).filter(|&index| Kind::ALL[index].2).collect();
            let chosen = *rng.pick(&sure);
            enabled[chosen] = true;
            due[chosen] = Some(0);
            start = end;
        }
        Self { planting, rng, rarity: 12 + size / 1_500, enabled, due, paused: false, flaws: Vec::new() }
    }

    pub(crate) fn planting(&self) -> bool {
        self.planting
    }

    /// Plants nothing until called again with `false`.
    pub(crate) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether to plant a flaw of this kind here.
    pub(crate) fn plants(&mut self, kind: Kind) -> bool {
        let index = kind as usize;
        if !self.planting || self.paused || !self.enabled[index] {
            return false;
        }
        if let Some(left) = self.due[index] {
            self.due[index] = left.checked_sub(1);
            return left == 0;
        }
        self.rng.chance(1, self.rarity)
    }

    /// As [`Self::plants`], for kinds with very many opportunities (users, resources).
    pub(crate) fn plants_rarely(&mut self, kind: Kind) -> bool {
        let due = self.due[kind as usize].is_some();
        (due || self.rng.chance(1, 4)) && self.plants(kind)
    }

    /// Postpones the flaw that must be planted, so that it does not always stand at the first place.
    pub(crate) fn postpone(&mut self, kind: Kind, opportunities: usize) {
        if let Some(left) = &mut self.due[kind as usize] {
            *left = self.rng.below(opportunities);
        }
    }

    /// Notes a planted flaw.
    pub(crate) fn record(&mut self, control: &'static str, object: impl Into<String>, path: &'static str) {
        self.flaws.push(Flaw { control, object: object.into(), path });
    }

    /// The planted flaws in order, without repetition.
    pub(crate) fn finish(mut self) -> Vec<Flaw> {
        self.flaws.sort();
        self.flaws.dedup();
        self.flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_the_order_of_the_enum() {
        assert!(Kind::ALL.iter().enumerate().all(|(index, kind)| kind.0 as usize == index));
    }

    #[test]
    fn every_control_gets_one_at_its_first_opportunities() {
        let mut planter = Planter::new(3, 1_000, true);
        for (kind, control, _) in Kind::ALL {
            if planter.plants(kind) {
                planter.record(control, "x", "y");
            }
        }
        let mut controls: Vec<_> = Kind::ALL.iter().map(|kind| kind.1).collect();
        controls.sort_unstable();
        controls.dedup();
        let planted: std::collections::BTreeSet<_> =
            planter.finish().iter().map(|flaw| flaw.control).collect();
        assert_eq!(planted.into_iter().collect::<Vec<_>>(), controls);
    }

    #[test]
    fn nothing_is_planted_on_request() {
        let mut planter = Planter::new(3, 1_000, false);
        assert!((0..500).all(|_| !planter.plants(Kind::OpenPort)));
        assert!(planter.finish().is_empty());
    }
}
