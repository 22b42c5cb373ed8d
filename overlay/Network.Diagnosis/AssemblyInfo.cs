using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.Overlay.Tests")]
[assembly: InternalsVisibleTo("Network.Kernel.Tests")]
