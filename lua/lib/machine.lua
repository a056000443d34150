--- What every machine of a lab has, step by step. A recipe takes the steps that it needs.
local machine = {}

local own, all = lab.node(), lab.nodes()

--- Who is who. Names are the same on every node, and need no name service.
function machine.names()
    host.hostname(own.name)
    local names = {}
    for _, node in ipairs(all.nodes) do
        table.insert(names, node.address .. " " .. node.name .. "\n")
    end
    host.block { path = "/etc/hosts", name = "nodes", content = table.concat(names) }
end

--- Nobody else upgrades, restarts or locks packages while the lab runs.
function machine.quiet()
    for _, timer in ipairs { "apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service" } do
        host.service { unit = timer, masked = true }
    end
end

--- What a kubelet refuses to start without.
function machine.kernel()
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
end

--- Certificates of another day are none. The master's clock is the lab's: no other can be asked.
function machine.clock()
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
end

--- What kubeadm looks for, and what keeps the clock.
machine.packages = { "chrony", "conntrack", "ethtool", "iptables", "socat" }

return machine
