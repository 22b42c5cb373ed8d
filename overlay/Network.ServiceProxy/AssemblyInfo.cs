using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.Overlay.Tests")]
[assembly: InternalsVisibleTo("Network.Kernel.Tests")]
[assembly: InternalsVisibleTo("Network.Benchmarks")]
[assembly: InternalsVisibleTo("Network.EndToEnd.Tests")]
