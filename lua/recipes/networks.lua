--- What does each network between pods cost HPL: the machines' own, routes, a VXLAN, or Calico's, on the same pods and in turns?
local hpcc, pods, ways, calico = require "hpcc", require "pods", require "ways", require "calico"
local params = {
    rounds = { default = 5, min = 1, max = 1000, help = "how often each network has its turn" },
    image = { default = hpcc.image, help = "the pods' image, which has hpcc and Open MPI" },
    encapsulation = calico.param,
}
for _, name in ipairs { "n", "nb", "blas", "limit", "patience" } do
    params[name] = hpcc.params[name]
end
lab.params(params)
local through = ways.through(lab.p.encapsulation)

-- Beside the way that `labkit run ex2` made there is another for connections to certain ports, on every node; not beside Calico's.
lab.phase "ways"
ways.beside()

if lab.node().role == "master" then
    lab.phase "pods"
    local wanted = { image = lab.p.image, patience = lab.p.patience }
    local own = cluster.hpl_pods(wanted)
    wanted.host_network = true
    local host = cluster.hpl_pods(wanted)
    if #own > 0 then
        lab.phase "measure"
        local input = { n = lab.p.n > 0 and lab.p.n or 5000, nb = lab.p.nb }
        local runs = {}
        local function add(case, hosts, network, mca, through)
            table.insert(runs, {
                case = case,
                job = { hosts = hosts, network = network, mca = mca },
                input = input,
                blas = lab.p.blas,
                limit_s = lab.p.limit,
                through = through,
            })
        end
        add("host", host, lab.nodes().network, nil, through.host)
        for _, kind in ipairs(ways.kinds()) do
            add(kind, own, lab.nodes().pod_cidr, ways.mca(kind), through[kind])
        end
        bench.ready { job = { hosts = own, network = lab.nodes().pod_cidr }, patience = lab.p.patience }
        hpcc.report()
        bench.compare_hpcc { runs = runs, rounds = lab.p.rounds }
    end
end
