//! What concerns machines.

use fulcrum_harness::history::InfrastructureVerb;

use super::{
    Actor, Flavour, InfraMachine, Infrastructure, MachineState, ProviderError, Stages, State,
};
use crate::infrastructure::{MachineRef, MachineSpec};

impl Infrastructure {
    pub(in crate::infrastructure) fn make_machine(
        &self,
        flavour: Flavour,
        who: &Actor,
        (cluster, name): (&str, &str),
        spec: MachineSpec,
    ) -> Result<InfraMachine, ProviderError> {
        let machine = {
            let mut state = self.lock();
            Self::admit(&state, who)?;
            if state.missing_images.contains(&spec.image) {
                return Err(ProviderError::NoImage(spec.image));
            }
            let id = match flavour {
                Flavour::ByName => format!("docker:////{name}"),
                Flavour::ById => format!("cloud:///sim/i-{:016x}", self.0.entropy.bits()),
            };
            if state.machines.contains_key(&id) {
                return Err(ProviderError::Exists(name.to_owned()));
            }
            state.made += 1;
            let (high, low) = (state.made / 250, state.made % 250 + 2);
            let machine = InfraMachine {
                id: id.clone(),
                name: name.to_owned(),
                cluster: cluster.to_owned(),
                made_for: who.on_behalf_of.clone(),
                spec,
                state: MachineState::Starting,
                stages: Stages::default(),
                failure: None,
                address: format!("172.18.{high}.{low}"),
            };
            state.machines.insert(id, machine.clone());
            machine
        };
        let who = Some((who, cluster));
        self.record(InfrastructureVerb::Create, "machine", name, Some(&machine), who);
        let (here, id, vm) = (self.clone(), machine.id.clone(), self.about(self.pace().vm));
        let address = machine.address.clone();
        self.keep(async move {
            tokio::time::sleep(vm).await;
            here.start(&id, &address);
        });
        Ok(machine)
    }

    /// A machine that was made begins to run, if it is still that one.
    fn start(&self, id: &str, address: &str) {
        let (machine, tenant) = {
            let mut state = self.lock();
            let tenant = state.tenant.clone();
            let starts = |it: &&mut InfraMachine| {
                it.address == address && it.state == MachineState::Starting
            };
            let Some(machine) = state.machines.get_mut(id).filter(starts) else {
                return;
            };
            machine.state = MachineState::Running;
            (machine.clone(), tenant)
        };
        self.record(InfrastructureVerb::Start, "machine", &machine.name, Some(&machine), None);
        if let Some(tenant) = tenant {
            tenant.begins(&machine);
        }
    }

    fn find(state: &State, flavour: Flavour, machine: MachineRef<'_>) -> Option<InfraMachine> {
        let mut all = state.machines.values();
        match (machine, flavour) {
            (MachineRef::Id(id), _) => state.machines.get(id).cloned(),
            (MachineRef::Name(name), Flavour::ByName) => all.find(|it| it.name == name).cloned(),
            (MachineRef::Name(_), Flavour::ById) => None,
        }
    }

    pub(in crate::infrastructure) fn look_up(
        &self,
        flavour: Flavour,
        who: &Actor,
        machine: MachineRef<'_>,
    ) -> Result<Option<InfraMachine>, ProviderError> {
        let found = {
            let state = self.lock();
            Self::admit(&state, who)?;
            Self::find(&state, flavour, machine)
        };
        Ok(found.map(|mut machine| {
            self.look_inside(&mut machine);
            machine
        }))
    }

    pub(in crate::infrastructure) fn remove_machine(
        &self,
        flavour: Flavour,
        who: &Actor,
        machine: MachineRef<'_>,
    ) -> Result<(), ProviderError> {
        let (machine, tenant) = {
            let mut state = self.lock();
            Self::admit(&state, who)?;
            let Some(machine) = Self::find(&state, flavour, machine) else {
                return Ok(());
            };
            state.machines.remove(&machine.id);
            (machine, state.tenant.clone())
        };
        let by = Some((who, machine.cluster.as_str()));
        self.record(InfrastructureVerb::Delete, "machine", &machine.name, Some(&machine), by);
        if let Some(tenant) = tenant {
            tenant.ends(&machine, true);
        }
        Ok(())
    }
}
