using Microsoft.Extensions.Hosting;

namespace Network.ApiServer.Http;

/// <summary>Leaves signals to the process that composes the server: this web application is only one of its parts.</summary>
internal sealed class QuietLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
