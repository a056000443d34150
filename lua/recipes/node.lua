--- What does a machine need before it can be a node of a cluster?
lab.params {
    users = { default = "root", help = "users that may go from node to node by ssh, with commas between" },
}

local own, all = lab.node(), lab.nodes()

-- Who is who. Names are the same on every node, and need no name service.
host.hostname(own.name)
local names = {}
for _, node in ipairs(all.nodes) do
    table.insert(names, node.address .. " " .. node.name .. "\n")
end
host.block { path = "/etc/hosts", name = "nodes", content = table.concat(names) }

-- Nobody else upgrades, restarts or locks packages while the lab runs.
for _, timer in ipairs { "apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service" } do
    host.service { unit = timer, masked = true }
end

-- What a kubelet refuses to start without.
host.no_swap {}
for _, name in ipairs { "overlay", "br_netfilter" } do
    host.module(name)
end
host.sysctl {
    name = "60-labkit-node",
    values = {
        ["net.ipv4.ip_forward"] = 1,
        ["net.bridge.bridge-nf-call-iptables"] = 1,
        ["net.bridge.bridge-nf-call-ip6tables"] = 1,
        -- The kubelet sets these itself, or ends where it may not.
        ["vm.overcommit_memory"] = 1,
        ["kernel.panic"] = 10,
        ["kernel.panic_on_oops"] = 1,
    },
}

-- conntrack, ethtool and socat are what kubeadm looks for.
host.packages { install = { "chrony", "conntrack", "ethtool", "iptables", "socat" } }

-- Certificates of another day are none. The master's clock is the lab's: no other can be asked.
local clock = own.role == "master"
    and "local stratum 8\nallow " .. all.network .. "\n"
    or "makestep 1 -1\n"
for _, node in ipairs(all.nodes) do
    if own.role ~= "master" and node.role == "master" then
        clock = "server " .. node.address .. " iburst\n" .. clock
    end
end
host.file { path = "/etc/chrony/conf.d/labkit.conf", content = clock }
host.service { unit = "chrony.service", enabled = true, reads = "/etc/chrony/conf.d/labkit.conf" }

-- From node to node without a question, by keys that every node derives from the lab secret.
local users = {}
for user in lab.p.users:gmatch "[^,%s]+" do
    table.insert(users, user)
end
host.ssh { users = users }
