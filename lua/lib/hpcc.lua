--- HPCC and what stands beside it, on hosts that are machines or pods: the same for both, so that they compare.
local hpcc = {}

--- Packages that a machine needs for it, and an image for pods.
hpcc.packages = {
    "hpcc", "iperf3", "libopenblas0-serial", "openmpi-bin", "openssh-client", "openssh-server", "sysbench",
}

--- Of those packages, as the bundle has it.
hpcc.image = "localhost/hpcc:1"

--- Parameters that every recipe of it has.
hpcc.params = {
    n = { default = 5000, min = 0, max = 1000000, help = "order of HPL's matrix, the report's; 0 has labkit advise one for each host and for all" },
    nb = { default = 300, min = 1, max = 10000, help = "block size, the report's; with n=0 labkit advises that as well" },
    seconds = { default = 60, min = 1, max = 86400, help = "with n=0, how long HPL may take" },
    blas = { default = "optimised", help = "which BLAS will do", one_of = { "optimised", "any" } },
    links = { default = 3, min = 0, max = 3600, help = "seconds of sysbench on each host, and of iperf3 and ping from the master to it; 0 leaves them out" },
    patience = { default = 900, min = 1, max = 86400, help = "seconds to wait for the other machines" },
    limit = { default = 3600, min = 1, max = 604800, help = "seconds after which a run of HPCC is ended" },
}

--- Does this for every host, whatever becomes of another: one that is lost leaves the others to be measured. What went
--- wrong is told at once, and the first of it ends the recipe once all are done.
local function for_each(hosts, measure)
    local first
    for _, host in ipairs(hosts) do
        local is_done, why = pcall(measure, host)
        if not is_done then
            print(why)
            first = first or why
        end
    end
    if first then
        error(first, 0)
    end
end

--- All at once, then each alone: HPCC, its processor and memory, and the link to it.
function hpcc.measure(hosts, network, agent)
    local all = { hosts = hosts, network = network, agent = agent }
    local asked = { n = lab.p.n, nb = lab.p.nb }
    local together, alone = asked, asked
    if lab.p.n == 0 then
        local advised = bench.advise { job = all, seconds = lab.p.seconds, blas = lab.p.blas }
        together, alone = advised.together, advised.alone
    end
    local function run(case, job, input)
        bench.hpcc {
            case = case,
            job = job,
            input = { n = input.n, nb = input.nb },
            blas = lab.p.blas,
            expected_s = input.expected_s,
            limit_s = lab.p.limit,
        }
    end
    run("cluster", all, together)
    for_each(hosts, function(host)
        run(host.name, { hosts = { host }, network = network, agent = agent }, alone)
        if lab.p.links > 0 then
            bench.sysbench { case = host.name, host = host, seconds = lab.p.links }
            if host.name ~= hosts[1].name then
                bench.link { case = hosts[1].name .. " to " .. host.name, from = hosts[1], to = host, seconds = lab.p.links }
            end
        end
    end)
end

--- What the report shows, with what stands beside HPCC where that was measured.
function hpcc.report(with_beside)
    local beside = {
        { "Throughput between hosts", "throughput_gbit_s" },
        { "Latency between hosts", "ping_median_ms" },
        { "Processor, by sysbench", "sysbench_cpu_events_s" },
        { "Memory, by sysbench", "sysbench_memory_mib_s" },
    }
    local all = {
        { "HPL", "hpl_gflops" },
        { "HPL, of all ranks' DGEMM", "hpl_efficiency_percent" },
        { "Share of the network in HPL's time", "hpl_network_percent" },
        { "DGEMM of each rank, all at once", "dgemm_star_gflops" },
        { "DGEMM of one rank", "dgemm_single_gflops" },
        { "STREAM copy, all at once", "stream_star_copy_gb_s" },
        { "STREAM copy, one rank", "stream_single_copy_gb_s" },
        { "PTRANS", "ptrans_gb_s" },
        { "RandomAccess, all at once", "random_access_star_gups" },
        { "FFT, all at once", "fft_star_gflops" },
        { "Latency between ranks", "mpi_latency_avg_us" },
        { "Bandwidth between ranks", "mpi_bandwidth_avg_gb_s" },
    }
    if with_beside then
        table.move(beside, 1, #beside, #all + 1, all)
    end
    for _, shown in ipairs(all) do
        report.table { title = shown[1], metric = shown[2] }
    end
end

return hpcc
