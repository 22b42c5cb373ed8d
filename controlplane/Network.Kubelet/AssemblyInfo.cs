using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.ControlPlane.Tests")]
[assembly: InternalsVisibleTo("Network.Kernel.Tests")]
