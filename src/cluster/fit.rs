//! Whether what is asked for fits the nodes, told before it is asked for: CPU and memory, pod by pod.

use serde_json::Value;

use super::quantity;

/// CPUs, and bytes of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amount {
    pub cpu: f64,
    pub memory: f64,
}

/// A node, what it gives to pods, and what they ask of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    pub node: String,
    pub has: Amount,
    pub asked: Amount,
}

/// What comes of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fit {
    /// In the order of the cluster's list.
    pub shares: Vec<Share>,
    /// A sentence for each pod that would not run.
    pub misfits: Vec<String>,
}

/// Thousandths of a CPU are what is counted in.
const GRAIN: f64 = 1e-6;
const MIB: f64 = 1_048_576.0;

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.cpu += other.cpu;
        self.memory += other.memory;
    }
}

impl Share {
    fn lacks(&self, wanted: Amount) -> Option<String> {
        let (cpu, memory) = (self.has.cpu - self.asked.cpu, self.has.memory - self.asked.memory);
        match () {
            () if wanted.cpu > cpu + GRAIN => Some(format!(
                "{} CPUs are asked for, and {} of {} are free",
                round(wanted.cpu),
                round(cpu),
                self.has.cpu
            )),
            () if wanted.memory > memory + GRAIN => Some(format!(
                "{:.0} MiB are asked for, and {:.0} of {:.0} are free",
                wanted.memory / MIB,
                memory / MIB,
                self.has.memory / MIB
            )),
            () => None,
        }
    }
}

fn round(cpus: f64) -> f64 {
    (cpus * 1000.0).round() / 1000.0
}

impl Fit {
    /// Of what runs already, and of `new` objects on top, as `kubectl get … --output json` and a manifest have them. What
    /// is of the same name replaces what is there.
    pub fn of(nodes: &[Value], pods: &[Value], new: &[Value]) -> Fit {
        let share = |node: &Value| Share {
            node: name(node),
            has: amount(&node["status"]["allocatable"]),
            asked: Amount::default(),
        };
        let mut fit = Fit { shares: nodes.iter().map(share).collect(), misfits: Vec::new() };
        for pod in pods.iter().filter(|pod| is_there(pod) && !new.iter().any(|object| makes(object, pod))) {
            if let Some(share) = pod["spec"]["nodeName"].as_str().and_then(|node| fit.share(node)) {
                share.asked += requests(&pod["spec"]);
            }
        }
        new.iter().for_each(|object| fit.add(object));
        fit
    }

    /// CPUs that are asked for beyond what would be left without the largest node: Prometheus' alert
    /// `KubeCPUOvercommit`. Nothing is wrong at 0 or below.
    pub fn overcommit(&self) -> f64 {
        let has: Vec<f64> = self.shares.iter().map(|share| share.has.cpu).collect();
        let asked: f64 = self.shares.iter().map(|share| share.asked.cpu).sum();
        let left = has.iter().sum::<f64>() - has.iter().copied().fold(0.0, f64::max);
        round(asked - left)
    }

    /// `master 1.1 of 2 CPUs, node01 0.25 of 2 CPUs`
    pub fn words(&self) -> String {
        let of = |share: &Share| format!("{} {} of {} CPUs", share.node, round(share.asked.cpu), share.has.cpu);
        self.shares.iter().map(of).collect::<Vec<_>>().join(", ")
    }

    fn share(&mut self, node: &str) -> Option<&mut Share> {
        self.shares.iter_mut().find(|share| share.node == node)
    }

    fn add(&mut self, object: &Value) {
        let (kind, template) = (object["kind"].as_str().unwrap_or_default(), &object["spec"]["template"]["spec"]);
        let title = format!("{kind} {}", name(object));
        match kind {
            "Pod" => self.place(&title, &object["spec"]),
            "DaemonSet" => {
                let nodes: Vec<String> = self.shares.iter().map(|share| share.node.clone()).collect();
                nodes.iter().for_each(|node| self.place_on(&title, node, requests(template)));
            }
            "Deployment" | "StatefulSet" => {
                let replicas = object["spec"]["replicas"].as_u64().unwrap_or(1);
                (0..replicas).for_each(|_| self.place(&title, template));
            }
            _ => {}
        }
    }

    fn place(&mut self, title: &str, spec: &Value) {
        let wanted = requests(spec);
        if let Some(node) = spec["nodeName"].as_str() {
            return self.place_on(title, node, wanted);
        }
        // Where most is free, as the scheduler does.
        let free = |share: &Share| share.has.cpu - share.asked.cpu;
        let roomy =
            self.shares.iter().filter(|share| share.lacks(wanted).is_none()).map(|share| (free(share), &share.node));
        match roomy.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, node)| node.clone()) {
            Some(node) => self.place_on(title, &node, wanted),
            None => self.misfits.push(format!(
                "{title}: no node has {} CPUs and {:.0} MiB free",
                round(wanted.cpu),
                wanted.memory / MIB
            )),
        }
    }

    fn place_on(&mut self, title: &str, node: &str, wanted: Amount) {
        let misfit = match self.share(node) {
            None => Some(format!("{title}: `{node}` is no node of the cluster")),
            Some(share) => {
                let lacks = share.lacks(wanted).map(|lacks| format!("{title} on {node}: {lacks}"));
                share.asked += wanted;
                lacks
            }
        };
        self.misfits.extend(misfit);
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn amount(fields: &Value) -> Amount {
    let of = |key: &str| quantity::read(&fields[key]).unwrap_or_default();
    Amount { cpu: of("cpu"), memory: of("memory") }
}

/// What is asked for a pod: its containers together, or the greatest of those that run before them.
fn requests(spec: &Value) -> Amount {
    let of = |key: &str| {
        spec[key]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let resources = &one["resources"];
                let (asked, limit) = (&resources["requests"], &resources["limits"]);
                // Who is limited and asks for nothing asks for the limit.
                let either =
                    |key: &str| quantity::read(&asked[key]).or_else(|| quantity::read(&limit[key])).unwrap_or_default();
                Amount { cpu: either("cpu"), memory: either("memory") }
            })
            .collect::<Vec<_>>()
    };
    let mut sum = Amount::default();
    of("containers").into_iter().for_each(|one| sum += one);
    let before = of("initContainers");
    let greatest = |of: fn(&Amount) -> f64| before.iter().map(of).fold(0.0, f64::max);
    let mut total =
        Amount { cpu: sum.cpu.max(greatest(|one| one.cpu)), memory: sum.memory.max(greatest(|one| one.memory)) };
    total += amount(&spec["overhead"]);
    total
}

/// One that has ended asks for nothing.
fn is_there(pod: &Value) -> bool {
    !["Succeeded", "Failed"].contains(&pod["status"]["phase"].as_str().unwrap_or_default())
}

/// Whether the pod is, or comes from, an object of that name.
fn makes(object: &Value, pod: &Value) -> bool {
    let namespace = |object: &Value| object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned();
    let owner = &pod["metadata"]["ownerReferences"][0];
    let (kind, owned_by) = (object["kind"].as_str().unwrap_or_default(), owner["name"].as_str().unwrap_or_default());
    let is_its = match kind {
        "Pod" => name(pod) == name(object),
        // Between the two stands a set whose name has a hash at its end.
        "Deployment" => {
            owner["kind"] == "ReplicaSet" && owned_by.rsplit_once('-').is_some_and(|(of, _)| of == name(object))
        }
        _ => owner["kind"] == kind && owned_by == name(object),
    };
    is_its && namespace(object) == namespace(pod)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, cpu: &str) -> Value {
        json!({ "metadata": { "name": name }, "status": { "allocatable": { "cpu": cpu, "memory": "2000Mi" } } })
    }

    fn pod(name: &str, node: &str, cpu: &str, memory: &str) -> Value {
        json!({ "kind": "Pod", "metadata": { "name": name },
            "spec": { "nodeName": node, "containers": [{ "resources": { "requests": { "cpu": cpu, "memory": memory } } }] } })
    }

    /// The reference report's cluster: 2, 2 and 3 CPUs, and everything that was asked of them.
    fn reference(calico: &str) -> Fit {
        let nodes = [node("master", "2"), node("node01", "2"), node("node02", "3")];
        let of_master = [("apiserver", "250m"), ("manager", "200m"), ("scheduler", "100m"), ("etcd", "100m")];
        let mut pods: Vec<Value> = of_master.iter().map(|(name, cpu)| pod(name, "master", cpu, "0")).collect();
        pods.extend(["a", "b"].map(|name| pod(name, "node02", "100m", "70Mi")));
        let template = json!({ "spec": { "containers": [{ "resources": { "requests": { "cpu": calico } } }] } });
        let mut new = vec![
            json!({ "kind": "DaemonSet", "metadata": { "name": "calico-node" }, "spec": { "template": template } }),
        ];
        new.extend(["master", "node01", "node02"].map(|node| pod(&format!("hpl-{node}"), node, "1", "1024Mi")));
        Fit::of(&nodes, &pods, &new)
    }

    #[test]
    fn the_reports_own_overcommit_and_its_cure_are_told_beforehand() {
        let fit = reference("250m");
        assert_eq!(fit.overcommit(), 0.6);
        assert_eq!(fit.words(), "master 1.9 of 2 CPUs, node01 1.25 of 2 CPUs, node02 1.45 of 3 CPUs");
        assert_eq!(fit.misfits, [""; 0]);
        assert!(reference("25m").overcommit() < 0.0);
    }

    #[test]
    fn a_pod_that_does_not_fit_is_told_with_what_is_free() {
        let nodes = [node("master", "2"), node("node01", "1")];
        let there = [
            pod("etcd", "master", "1500m", "100Mi"),
            json!({ "status": { "phase": "Failed" }, "spec": { "nodeName": "master", "containers": [{ "resources": { "requests": { "cpu": "2" } } }] } }),
        ];
        let deployment = json!({ "kind": "Deployment", "metadata": { "name": "many" },
            "spec": { "replicas": 3, "template": { "spec": { "containers": [{ "resources": { "limits": { "cpu": "500m" } } }] } } } });
        let new = [
            pod("hpl", "master", "1", "1Gi"),
            pod("big", "node01", "500m", "3Gi"),
            pod("lost", "node09", "0", "0"),
            deployment,
        ];
        assert_eq!(
            Fit::of(&nodes, &there, &new).misfits,
            [
                "Pod hpl on master: 1 CPUs are asked for, and 0.5 of 2 are free",
                "Pod big on node01: 3072 MiB are asked for, and 2000 of 2000 are free",
                "Pod lost: `node09` is no node of the cluster",
                "Deployment many: no node has 0.5 CPUs and 0 MiB free",
                "Deployment many: no node has 0.5 CPUs and 0 MiB free",
                "Deployment many: no node has 0.5 CPUs and 0 MiB free",
            ]
        );
    }

    #[test]
    fn what_is_applied_again_is_counted_once() {
        let nodes = [node("master", "2")];
        let own = |kind: &str, name: &str, owner: &str| {
            let mut pod = pod(name, "master", "1", "1Mi");
            pod["metadata"]["ownerReferences"] = json!([{ "kind": kind, "name": owner }]);
            pod
        };
        let there = [
            pod("alone", "master", "1", "1Mi"),
            own("DaemonSet", "set-x", "set"),
            own("ReplicaSet", "many-5f-x", "many-5f"),
        ];
        let spec = json!({ "template": { "spec": {} } });
        let set = json!({ "kind": "DaemonSet", "metadata": { "name": "set" }, "spec": spec });
        let many = json!({ "kind": "Deployment", "metadata": { "name": "many" }, "spec": spec });
        let fit = Fit::of(&nodes, &there, &[pod("alone", "master", "500m", "1Mi"), set, many]);
        assert_eq!(fit.shares[0].asked.cpu, 0.5);
    }
}
