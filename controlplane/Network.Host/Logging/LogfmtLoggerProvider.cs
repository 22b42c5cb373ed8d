using System.Text;
using Microsoft.Extensions.Logging;

namespace Network.Host.Logging;

/// <summary>
/// One line a decision, in logfmt, on standard output: <c>2026-01-01T10:00:00.000Z INFO scheduler bound pod=a node=w1</c>.
/// A daemon's output goes where its starter sends it; it never opens log files itself.
/// </summary>
public sealed class LogfmtLoggerProvider(TextWriter output, LogLevel least, TimeProvider time) : ILoggerProvider
{
    private readonly Lock _lock = new();

    public ILogger CreateLogger(string categoryName) => new LineLogger(this, categoryName);

    public void Dispose()
    {
    }

    private void Write(LogLevel level, string category, string text, Exception? exception)
    {
        var line = new StringBuilder(128)
            .Append(time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'")).Append(' ')
            .Append(NameOf(level)).Append(' ').Append(category).Append(' ').Append(text);
        if (exception is not null)
            line.Append(" error=\"").Append(exception.GetType().Name).Append(": ").Append(exception.Message).Append('"');
        line.Replace('\n', ' ').Append('\n');
        if (exception is not null && level >= LogLevel.Error)
            line.Append(exception.StackTrace).Append('\n');
        lock (_lock)
        {
            output.Write(line);
            output.Flush();
        }
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        _ => "ERROR",
    };

    private sealed class LineLogger(LogfmtLoggerProvider provider, string category) : ILogger
    {
        private readonly string _category = category[(category.LastIndexOf('.') + 1)..];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider.Least(category) && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                provider.Write(logLevel, _category, formatter(state, exception), exception);
        }
    }

    // The web server's own chatter is not about decisions of ours.
    private LogLevel Least(string category) =>
        category.StartsWith("Microsoft.", StringComparison.Ordinal) && least < LogLevel.Warning ? LogLevel.Warning : least;
}
