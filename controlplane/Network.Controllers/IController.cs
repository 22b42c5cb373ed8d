namespace Network.Controllers;

/// <summary>One control loop: watches what it is about, compares with what should be, writes the difference.</summary>
public interface IController
{
    /// <summary>Names the controller in logs, events and as field manager.</summary>
    string Name { get; }

    /// <summary>Works until cancelled. Its informers are in sync when this is called.</summary>
    Task RunAsync(CancellationToken cancel);
}
