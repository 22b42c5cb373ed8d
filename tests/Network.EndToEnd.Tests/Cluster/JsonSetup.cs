using System.Runtime.CompilerServices;
using Network.Conformance.Clients;

namespace Network.EndToEnd.Tests.Cluster;

/// <summary>Tests run in any order; what the official client needs of the library they share comes before all of them.</summary>
internal static class JsonSetup
{
    [ModuleInitializer]
    internal static void Run() => CSharpClient.Prepare();
}
