using Network.Linux;

namespace Network.ControlPlane.Tests.Store;

/// <summary>Starts Network.ControlPlane.Child, which is built beside these tests.</summary>
internal static class ChildProgram
{
    internal static Child Start(string log, params string[] arguments)
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        var program = Path.Combine(AppContext.BaseDirectory, "..", "..", "Network.ControlPlane.Child", configuration, "Network.ControlPlane.Child");
        return Child.Start(new ChildSpec(Path.GetFullPath(program), arguments) { LogFile = log });
    }
}
