--- HPL on two machines: by one launch alone, or the report's input against the one that is advised.
lab.params { what = "launch", seconds = 20, rounds = 3, n = 500, nb = 64 }

local hosts = {}
for _, node in ipairs(lab.nodes().nodes) do
    table.insert(hosts, { name = node.name, address = node.address })
end
local job = { hosts = hosts, network = lab.nodes().network }
if lab.p.what == "launch" then
    bench.hpcc { case = "cluster", job = job, input = { n = lab.p.n, nb = lab.p.nb } }
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
            { case = "alone", job = { hosts = { hosts[1] }, network = job.network }, input = of(advised.alone) },
        },
    }
end
