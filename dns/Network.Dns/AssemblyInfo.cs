using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Network.Dns.Tests")]
