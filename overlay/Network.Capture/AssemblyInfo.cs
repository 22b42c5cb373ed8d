using System.Runtime.CompilerServices;

[assembly: DisableRuntimeMarshalling]
[assembly: InternalsVisibleTo("Network.Overlay.Tests")]
[assembly: InternalsVisibleTo("Network.Kernel.Tests")]
