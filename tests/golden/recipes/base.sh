# measure cluster
cat >/tmp/hostfile <<'END'
127.0.0.1 slots=1
127.0.0.2 slots=1
END
cat >/tmp/hpccinf.txt <<'END'
HPLinpack benchmark input file
The input of the lab report whose exercise this is; lines count by their place
HPL.out      file that HPL alone would write
8            device out: 6 standard output, 7 standard error, else the file
1            number of problem sizes
500          Ns
1            number of block sizes
64           NBs
0            order of ranks in the grid: 0 by rows, 1 by columns
1            number of process grids
1            Ps
2            Qs
16.0         threshold of the residual
1            number of panel factorizations
2            PFACTs: 0 left, 1 Crout, 2 right
1            number of stopping criteria of the recursion
4            NBMINs
1            number of panels in the recursion
2            NDIVs
1            number of recursive factorizations
1            RFACTs: 0 left, 1 Crout, 2 right
1            number of broadcasts
1            BCASTs: 0 1rg, 1 1rM, 2 2rg, 3 2rM, 4 Lng, 5 LnM
1            number of lookahead depths
1            DEPTHs
2            SWAP: 0 binary exchange, 1 long, 2 both
64           threshold of swapping
0            L1: 0 transposed, 1 as it is
0            U: 0 transposed, 1 as it is
1            equilibration: 0 no, 1 yes
8            alignment of memory, in doubles
##### what follows is for PTRANS #####
0            number of further problem sizes
1200         values of N
0            number of further block sizes
40           values of NB
END
mpirun --allow-run-as-root --hostfile /tmp/hostfile -np 2 --mca btl self,tcp --mca btl_tcp_if_include 127.0.0.0/8 --mca oob_tcp_if_include 127.0.0.0/8 --mca plm_rsh_no_tree_spawn 1 --mca plm_rsh_args '-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10' -x OPENBLAS_NUM_THREADS=1 -x OMP_NUM_THREADS=1 -x BLIS_NUM_THREADS=1 -x GLIBC_TUNABLES=glibc.malloc.hugetlb=1 --wdir /tmp hpcc

# measure master
cat >/tmp/hostfile <<'END'
127.0.0.1 slots=1
END
cat >/tmp/hpccinf.txt <<'END'
HPLinpack benchmark input file
The input of the lab report whose exercise this is; lines count by their place
HPL.out      file that HPL alone would write
8            device out: 6 standard output, 7 standard error, else the file
1            number of problem sizes
500          Ns
1            number of block sizes
64           NBs
0            order of ranks in the grid: 0 by rows, 1 by columns
1            number of process grids
1            Ps
1            Qs
16.0         threshold of the residual
1            number of panel factorizations
2            PFACTs: 0 left, 1 Crout, 2 right
1            number of stopping criteria of the recursion
4            NBMINs
1            number of panels in the recursion
2            NDIVs
1            number of recursive factorizations
1            RFACTs: 0 left, 1 Crout, 2 right
1            number of broadcasts
1            BCASTs: 0 1rg, 1 1rM, 2 2rg, 3 2rM, 4 Lng, 5 LnM
1            number of lookahead depths
1            DEPTHs
2            SWAP: 0 binary exchange, 1 long, 2 both
64           threshold of swapping
0            L1: 0 transposed, 1 as it is
0            U: 0 transposed, 1 as it is
1            equilibration: 0 no, 1 yes
8            alignment of memory, in doubles
##### what follows is for PTRANS #####
0            number of further problem sizes
1200         values of N
0            number of further block sizes
40           values of NB
END
mpirun --allow-run-as-root --hostfile /tmp/hostfile -np 1 --mca btl self,tcp --mca btl_tcp_if_include 127.0.0.0/8 --mca oob_tcp_if_include 127.0.0.0/8 --mca plm_rsh_no_tree_spawn 1 --mca plm_rsh_args '-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10' -x OPENBLAS_NUM_THREADS=1 -x OMP_NUM_THREADS=1 -x BLIS_NUM_THREADS=1 -x GLIBC_TUNABLES=glibc.malloc.hugetlb=1 --wdir /tmp hpcc
sysbench cpu --time=1 --threads=1 run
sysbench memory --time=1 --threads=1 --memory-total-size=1000T run

# measure node01
cat >/tmp/hostfile <<'END'
127.0.0.2 slots=1
END
ssh -o BatchMode=yes -o ConnectTimeout=10 127.0.0.2 -- 'tee /tmp/hpccinf.txt' <<'END'
HPLinpack benchmark input file
The input of the lab report whose exercise this is; lines count by their place
HPL.out      file that HPL alone would write
8            device out: 6 standard output, 7 standard error, else the file
1            number of problem sizes
500          Ns
1            number of block sizes
64           NBs
0            order of ranks in the grid: 0 by rows, 1 by columns
1            number of process grids
1            Ps
1            Qs
16.0         threshold of the residual
1            number of panel factorizations
2            PFACTs: 0 left, 1 Crout, 2 right
1            number of stopping criteria of the recursion
4            NBMINs
1            number of panels in the recursion
2            NDIVs
1            number of recursive factorizations
1            RFACTs: 0 left, 1 Crout, 2 right
1            number of broadcasts
1            BCASTs: 0 1rg, 1 1rM, 2 2rg, 3 2rM, 4 Lng, 5 LnM
1            number of lookahead depths
1            DEPTHs
2            SWAP: 0 binary exchange, 1 long, 2 both
64           threshold of swapping
0            L1: 0 transposed, 1 as it is
0            U: 0 transposed, 1 as it is
1            equilibration: 0 no, 1 yes
8            alignment of memory, in doubles
##### what follows is for PTRANS #####
0            number of further problem sizes
1200         values of N
0            number of further block sizes
40           values of NB
END
mpirun --allow-run-as-root --hostfile /tmp/hostfile -np 1 --mca btl self,tcp --mca btl_tcp_if_include 127.0.0.0/8 --mca oob_tcp_if_include 127.0.0.0/8 --mca plm_rsh_no_tree_spawn 1 --mca plm_rsh_args '-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10' -x OPENBLAS_NUM_THREADS=1 -x OMP_NUM_THREADS=1 -x BLIS_NUM_THREADS=1 -x GLIBC_TUNABLES=glibc.malloc.hugetlb=1 --wdir /tmp hpcc
ssh -o BatchMode=yes -o ConnectTimeout=10 127.0.0.2 -- 'sysbench cpu --time=1 --threads=1 run'
ssh -o BatchMode=yes -o ConnectTimeout=10 127.0.0.2 -- 'sysbench memory --time=1 --threads=1 --memory-total-size=1000T run'

# measure master to node01
ping -q -c 100 -i 0.005 127.0.0.2
ssh -o BatchMode=yes -o ConnectTimeout=10 127.0.0.2 -- 'iperf3 -s -D -1 -p 5201'
iperf3 -c 127.0.0.2 -p 5201 -t 1
