namespace Network.Conformance.Services;

/// <summary>Makes rows of the table that ask through a lab's network.</summary>
internal static class ServiceRow
{
    internal static Scenario New(string area, string name, Func<ServiceRun, Task> body) =>
        new("network", $"{area}: {name}", run => body(new ServiceRun(run, run.Stage ?? throw new ExpectationFailed("this row needs a lab; give --lab"))))
        {
            Clients = Clients.ClientKind.CSharp,
            NeedsNode = true,
            NeedsLab = true,
            Deadline = TimeSpan.FromSeconds(45),
        };
}
