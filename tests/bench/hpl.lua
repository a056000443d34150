--- HPL on the machines of the lab: by one launch alone, the report's input against the one that is advised, or machines against pods.
lab.params { what = "launch", seconds = 60, rounds = 3, rounds_alone = 3, n = 500, nb = 64, input = "" }

local hpcc = require "hpcc"

local hosts = {}
for _, node in ipairs(lab.nodes().nodes) do
    table.insert(hosts, { name = node.name, address = node.address })
end
local job = { hosts = hosts, network = lab.nodes().network }
if lab.p.what == "launch" then
    bench.hpcc { case = "cluster", job = job, input = { n = lab.p.n, nb = lab.p.nb } }
elseif lab.p.what == "pods" then
    local pods = { hosts = cluster.hpl_pods { image = hpcc.image, patience = 300 }, network = lab.nodes().pod_cidr }
    bench.ready { job = pods, patience = 300 }
    local runs = {}
    local function add(case, one)
        table.insert(runs, { case = case, job = one, input = { file = lab.p.input, p = 1, q = #one.hosts } })
    end
    for name, one in pairs { machines = job, pods = pods } do
        add(name, one)
        add(name .. " alone", { hosts = { one.hosts[1] }, network = one.network })
    end
    bench.compare_hpcc { rounds = lab.p.rounds, control = false, runs = runs }
else
    local advised = bench.advise { job = job, seconds = lab.p.seconds }
    local function of(advice)
        return { n = advice.n, nb = advice.nb }
    end
    bench.compare_hpcc {
        rounds = lab.p.rounds,
        control = false,
        runs = {
            { case = "report", job = job },
            { case = "advised", job = job, input = of(advised.together), expected_s = advised.together.expected_s },
        },
    }
    local one = { hosts = { hosts[1] }, network = job.network }
    for round = 1, lab.p.rounds_alone do
        bench.hpcc { case = "alone", job = one, input = of(advised.alone), expected_s = advised.alone.expected_s, round = round }
    end
end
