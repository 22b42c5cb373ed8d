using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.Kernel.Tests")]
