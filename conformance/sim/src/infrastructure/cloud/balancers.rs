//! What concerns load balancers.

use super::{Actor, Flavour, Infrastructure, InfrastructureVerb, LoadBalancer, ProviderError};

const KIND: &str = "load-balancer";

impl Infrastructure {
    pub(in crate::infrastructure) fn make_balancer(
        &self,
        flavour: Flavour,
        who: &Actor,
        cluster: &str,
    ) -> Result<LoadBalancer, ProviderError> {
        let balancer = {
            let mut state = self.lock();
            Self::admit(&state, who)?;
            let host = match flavour {
                Flavour::ByName => format!("{cluster}-lb"),
                Flavour::ById => format!("lb-{:016x}.cloud", self.0.entropy.bits()),
            };
            if state.balancers.contains_key(&host) {
                return Err(ProviderError::Exists(host));
            }
            let balancer = LoadBalancer {
                host: host.clone(),
                cluster: cluster.to_owned(),
                made_for: who.on_behalf_of.clone(),
                backends: Vec::new(),
            };
            state.balancers.insert(host, balancer.clone());
            balancer
        };
        let who = Some((who, cluster));
        self.record(InfrastructureVerb::Create, KIND, &balancer.host, None, who);
        self.rewire(cluster);
        Ok(balancer)
    }

    pub(in crate::infrastructure) fn find_balancer(
        &self,
        flavour: Flavour,
        who: &Actor,
        cluster: &str,
        host: Option<&str>,
    ) -> Result<Option<LoadBalancer>, ProviderError> {
        let state = self.lock();
        Self::admit(&state, who)?;
        Ok(match (host, flavour) {
            (Some(host), _) => state.balancers.get(host).cloned(),
            (None, Flavour::ByName) => {
                state.balancers.values().find(|one| one.cluster == cluster).cloned()
            }
            (None, Flavour::ById) => None,
        })
    }

    pub(in crate::infrastructure) fn tell_balancer(
        &self,
        who: &Actor,
        host: &str,
        mut backends: Vec<String>,
    ) -> Result<(), ProviderError> {
        backends.sort();
        let cluster = {
            let mut state = self.lock();
            Self::admit(&state, who)?;
            let missing = || ProviderError::NotFound(host.to_owned());
            let balancer = state.balancers.get_mut(host).ok_or_else(missing)?;
            if balancer.backends == backends {
                return Ok(());
            }
            balancer.backends = backends;
            balancer.cluster.clone()
        };
        // It begins to run with another configuration.
        self.record(InfrastructureVerb::Start, KIND, host, None, Some((who, &cluster)));
        Ok(())
    }

    pub(in crate::infrastructure) fn remove_balancer(
        &self,
        who: &Actor,
        host: &str,
    ) -> Result<(), ProviderError> {
        let removed = {
            let mut state = self.lock();
            Self::admit(&state, who)?;
            state.balancers.remove(host)
        };
        if let Some(balancer) = removed {
            let who = Some((who, balancer.cluster.as_str()));
            self.record(InfrastructureVerb::Delete, KIND, host, None, who);
            self.rewire(&balancer.cluster);
        }
        Ok(())
    }

    fn rewire(&self, cluster: &str) {
        let tenant = self.lock().tenant.clone();
        if let Some(tenant) = tenant {
            tenant.rewired(cluster);
        }
    }
}
