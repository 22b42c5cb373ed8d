using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.ControlPlane.Tests")]
