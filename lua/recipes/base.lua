--- What do three machines compute, each alone and all together, and what does the network between them cost?
local machine, hpcc = require "machine", require "hpcc"
lab.params(hpcc.params)

lab.phase "machine"
-- By their names, and by keys that every node derives from the lab secret.
machine.names()
host.packages { install = hpcc.packages }
host.ssh {}

-- The master measures; the others are there.
if lab.node().role == "master" then
    local hosts = {}
    for _, node in ipairs(lab.nodes().nodes) do
        table.insert(hosts, { name = node.name, address = node.address })
    end
    lab.phase "wait"
    bench.ready { job = { hosts = hosts, network = lab.nodes().network }, patience = lab.p.patience }
    lab.phase "measure"
    hpcc.report(lab.p.links > 0)
    hpcc.measure(hosts, lab.nodes().network)
end
