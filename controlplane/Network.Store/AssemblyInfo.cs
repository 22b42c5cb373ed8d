using System.Runtime.CompilerServices;

// The raw etcd client, to compare with.
[assembly: InternalsVisibleTo("Network.Benchmarks")]
