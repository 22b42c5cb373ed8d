using Microsoft.Extensions.Logging;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>Log lines go to the output of the running test.</summary>
internal sealed class TestLog : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Writer(categoryName);

    public void Dispose()
    {
    }

    private sealed class Writer(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            TestContext.Current.TestOutputHelper?.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss.fff} {category.Split('.')[^1]}: {formatter(state, exception)} {exception}");
    }
}
